"""The document is true: every route is in it, and what is really answered is what it says."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.routing import Route

from api.openapi import document
from api.operation import Operation
from api.operations import OPERATIONS
from schemas.features import FEATURE_NAMES
from schemas.registry import committed_catalogue
from tests.unit.api.building import Built, Client, recommendation

TICK = committed_catalogue().versions[0]
FILLED = {
    "{id}": recommendation(3).id,
    "{symbol}": "AAPL",
    "{subject}": TICK.subject,
    "{version}": "latest",
}
BODIES: dict[str, Any] = {
    "generateRecommendations": {"symbol": "AAPL", "weights": {"technical": 1}},
    "lookUpSchema": {"schema": TICK.text},
    "registerSchema": {"schema": TICK.text},
}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document(OPERATIONS, "1")


def path_of(operation: Operation) -> str:
    path = operation.path.replace("{id}", str(TICK.id)) if operation.path.startswith("/schemas") else operation.path
    for name, value in FILLED.items():
        path = path.replace(name, value)
    return path


def resolved(described: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": described["components"]})


def named(operations) -> list[Any]:
    return [pytest.param(operation, id=operation.name) for operation in operations]


def test_every_route_is_documented_and_every_documented_path_is_a_route(built: Built, described):
    routed = {(route.path, method) for route in built.app().routes if isinstance(route, Route) for method in route.methods or ()}
    documented = {(path, method.upper()) for path, methods in described["paths"].items() for method in methods}

    assert {(path, method) for path, method in routed if method != "HEAD"} == documented


def test_the_document_has_the_shape_of_openapi_3_1(described):
    assert described["openapi"] == "3.1.0"
    assert {"title", "version"} <= described["info"].keys()
    names = [operation["operationId"] for methods in described["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere_and_no_schema_is_left_over(described):
    references = set(re.findall(r"'#/components/schemas/([^']+)'", str(described)))

    assert references == described["components"]["schemas"].keys()


def test_path_parameters_are_those_of_the_path(described):
    for path, methods in described["paths"].items():
        for operation in methods.values():
            stated = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert stated == set(re.findall(r"{(\w+)}", path)), path


@pytest.mark.parametrize("operation", named(one for one in OPERATIONS if not one.streams))
def test_what_is_answered_is_what_is_documented(client: Client, described, operation: Operation):
    answer = client.request(operation.method, path_of(operation), json=BODIES.get(operation.name))

    assert answer.status_code == 200
    [(media, content)] = described["paths"][operation.path][operation.method.lower()]["responses"]["200"]["content"].items()
    assert answer.headers["content-type"].split(";")[0] == media
    if operation.answer is not None:
        resolved(described, content["schema"]).validate(answer.json())


@pytest.mark.parametrize("operation", named(one for one in OPERATIONS if one.answer is not None))
def test_the_document_would_see_a_field_more_or_less(client: Client, described, operation: Operation):
    answer = client.request(operation.method, path_of(operation), json=BODIES.get(operation.name)).json()
    schema = described["paths"][operation.path][operation.method.lower()]["responses"]["200"]["content"][operation.media]["schema"]
    check = resolved(described, schema)

    if isinstance(answer, dict) and operation.name != "getVersionText":
        assert not check.is_valid({**answer, "unheard": 1})
        assert not check.is_valid({name: value for name, value in answer.items() if name != next(iter(answer))})
    elif isinstance(answer, list):
        assert not check.is_valid([*answer, {"unheard": 1}])


@pytest.mark.parametrize("operation", named(OPERATIONS))
def test_failures_are_what_is_documented(built: Built, described, operation: Operation):
    built.reads.available = False
    built.predictors = {}
    path, body = path_of(operation), BODIES.get(operation.name)
    asked: list[dict[str, Any]] = [{"json": body, "headers": {"host": "x"}}, {"json": body}]
    if operation.query is not None:
        asked.append({"json": body, "params": {"unheard": 1}})
    if operation.body is not None:
        asked += [{"content": b"{}"}, {"json": {}}, {"json": "x" * 300_000}]
    with built.client() as client:
        answers = [client.request(operation.method, path, **one) for one in asked]

    written = described["paths"][operation.path][operation.method.lower()]["responses"]
    assert answers[0].status_code == 400
    for answer in answers:
        stated = written[str(answer.status_code)]
        if answer.status_code != 200:
            [(media, content)] = stated["content"].items()
            assert answer.headers["content-type"] == media
            resolved(described, content["schema"]).validate(answer.json())
            assert {name.lower() for name in stated.get("headers", {})} <= answer.headers.keys()


def test_examples_of_the_engine_s_body_are_taken(client: Client, described):
    schema = described["paths"]["/recommendations"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    values = dict.fromkeys(FEATURE_NAMES, 0.5)
    bodies = [
        {"symbol": "AAPL"},
        {"symbol": "AAPL", "interval": "1d", "source": "test", "weights": {"social": 0}},
        {"features": [{"symbol": "AAPL", "price": 1.0, "raw": values, "normalised": values}]},
    ]

    for body in bodies:
        resolved(described, schema).validate(body)
        assert client.post("/recommendations", json=body).status_code == 200
    assert not resolved(described, schema).is_valid({"symbol": "AAPL", "unheard": 1})

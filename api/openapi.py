"""The OpenAPI 3.1 document, from the declared operations and nothing else."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from api.operation import Operation

_REF = "#/components/schemas/"
_JSON = "application/json"
_ABOUT = (
    "Explained BUY, SELL and HOLD recommendations, the market data and features behind them, and the engine itself. "
    "Times are ISO 8601 in UTC. Every answer is {data, meta} or {error}; a 503 says in Retry-After when to come back."
)
_RETRY_AFTER = {"description": "seconds to wait", "schema": {"type": "integer"}}

Json = dict[str, Any]
Keyed = tuple[type[BaseModel], JsonSchemaMode]


def document(operations: Iterable[Operation], version: str) -> Json:
    """Return the document of the declared operations."""
    declared = list(operations)
    keyed = sorted({key for operation in declared for key in _models(operation)}, key=lambda key: (key[0].__name__, key[1]))
    references, definitions = models_json_schema(keyed, ref_template=_REF + "{model}")
    writer = _Writer({key: _named(reference) for key, reference in references.items()}, definitions["$defs"])
    paths: dict[str, Json] = {}
    for operation in declared:
        paths.setdefault(operation.path, {})[operation.method.lower()] = writer.operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AutoTrader AI",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in declared)],
        "paths": paths,
        "components": {"schemas": _reachable(paths, writer.schemas)},
    }


def _models(operation: Operation) -> list[Keyed]:
    taken: list[type[BaseModel] | None] = [operation.path_model, operation.query, operation.body]
    given: list[type[BaseModel] | None] = [operation.answer, operation.error_answer]
    return [(model, "validation") for model in taken if model] + [(model, "serialization") for model in given if model]


def _named(reference: Mapping[str, Any]) -> str:
    return str(reference["$ref"]).removeprefix(_REF)


class _Writer:
    """Writes operations with the schemas that are known."""

    def __init__(self, names: Mapping[Any, str], schemas: Mapping[str, Json]) -> None:
        self._names = names
        self.schemas = schemas

    def operation(self, operation: Operation) -> Json:
        """Return the operation object."""
        written: Json = {
            "operationId": operation.name,
            "summary": operation.summary,
            "tags": [operation.tag],
            "parameters": self._parameters(operation),
            "responses": self._responses(operation),
        }
        if operation.description:
            written["description"] = operation.description
        if operation.body is not None:
            written["requestBody"] = {
                "required": True,
                "content": {_JSON: {"schema": self._reference(operation.body, "validation")}},
            }
        return written

    def _parameters(self, operation: Operation) -> list[Json]:
        in_path = [self._parameter(name, "path", schema) for name, schema in self._fields(operation.path_model).items()]
        in_query = [] if operation.query is None else self._fields(operation.query).items()
        in_header = [
            {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
            for name, text in operation.headers.items()
        ]
        return in_path + [self._parameter(name, "query", schema) for name, schema in in_query] + in_header

    def _fields(self, model: type[BaseModel]) -> dict[str, Json]:
        fields: dict[str, Json] = self.schemas[self._names[model, "validation"]].get("properties", {})
        return fields

    def _parameter(self, name: str, place: str, schema: Json) -> Json:
        shown = _without_null({key: value for key, value in schema.items() if key not in {"title", "description"}})
        parameter: Json = {"name": name, "in": place, "required": place == "path", "schema": shown}
        if "description" in schema:
            parameter["description"] = schema["description"]
        if shown.get("type") == "array":
            parameter |= {"style": "form", "explode": False}
        return parameter

    def _responses(self, operation: Operation) -> Json:
        success: Json = {"description": HTTPStatus(200).phrase}
        if operation.answer is not None:
            success["content"] = {operation.media: {"schema": self._reference(operation.answer, "serialization")}}
        else:
            success["content"] = {operation.media: {"schema": {"type": "string"}}}
        return {"200": success, **{str(status): self._failure(operation, status) for status in operation.failures}}

    def _failure(self, operation: Operation, status: int) -> Json:
        written: Json = {
            "description": HTTPStatus(status).phrase,
            "content": {operation.error_media: {"schema": self._reference(operation.error_answer, "serialization")}},
        }
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            written["headers"] = {"Retry-After": _RETRY_AFTER}
        return written

    def _reference(self, model: type[BaseModel], mode: JsonSchemaMode) -> Json:
        return {"$ref": _REF + self._names[model, mode]}


def _without_null(schema: Json) -> Json:
    """Return a parameter's schema without what it is when it is not given: leaving it out says that."""
    schema = {key: value for key, value in schema.items() if not (key == "default" and not value and value != 0)}
    choices = schema.pop("anyOf", None)
    if choices is None:
        return schema
    [given] = [choice for choice in choices if choice.get("type") != "null"]
    return {**given, **schema}


def _reachable(paths: Any, schemas: Mapping[str, Json]) -> dict[str, Json]:
    """Return the schemas that the paths refer to, directly or through others."""
    found: dict[str, Json] = {}
    waiting = list(_references(paths))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = schemas[name]
            waiting.extend(_references(schemas[name]))
    return dict(sorted(found.items()))


def _references(part: Any) -> Iterable[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"].removeprefix(_REF)
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)

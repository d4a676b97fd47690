import json

import pytest

from schemas.registry import committed_catalogue
from tests.unit.api.building import Client

MEDIA = "application/vnd.schemaregistry.v1+json"
TICK = "ai.autotrader.Tick"
[FIRST] = [version for version in committed_catalogue().history(TICK) if version.version == 1]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/schemas/types", ["AVRO"]),
        (f"/schemas/ids/{FIRST.id}", {"schema": FIRST.text}),
        (f"/schemas/ids/{FIRST.id}?subject={TICK}&fetchMaxId=false", {"schema": FIRST.text}),
        (f"/schemas/ids/{FIRST.id}/versions", [{"subject": TICK, "version": 1}]),
        (f"/schemas/ids/{FIRST.id}/subjects", [TICK]),
        ("/subjects", committed_catalogue().subjects()),
        (f"/subjects?subjectPrefix={TICK}", [TICK]),
        (f"/subjects/{TICK}/versions", [version.version for version in committed_catalogue().history(TICK)]),
        (f"/subjects/{TICK}/versions/1/schema", FIRST.schema),
        ("/config", {"compatibilityLevel": "FULL_TRANSITIVE"}),
        ("/mode", {"mode": "READONLY"}),
    ],
)
def test_the_catalogue_is_read_as_from_any_registry(client: Client, path, expected):
    answer = client.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA)
    assert answer.json() == expected


@pytest.mark.parametrize("version", ["1", "latest", "-1"])
def test_a_version_is_found_by_number_or_as_the_latest(client: Client, version):
    answer = client.get(f"/subjects/{TICK}/versions/{version}").json()
    expected = FIRST if version == "1" else committed_catalogue().history(TICK)[-1]

    assert (answer["subject"], answer["version"], answer["id"]) == (TICK, expected.version, expected.id)
    assert json.loads(answer["schema"]) == expected.schema


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/schemas/ids/99999", 404, 40403),
        ("/schemas/ids/99999/versions", 404, 40403),
        ("/schemas/ids/x", 422, 422),
        ("/subjects/none/versions", 404, 40401),
        ("/subjects/none/versions/1", 404, 40401),
        (f"/subjects/{TICK}/versions/99", 404, 40402),
        (f"/subjects/{TICK}/versions/zero", 422, 42202),
        (f"/subjects/{TICK}/versions/0", 422, 42202),
        ("/schemas/nothing", 404, 404),
    ],
)
def test_errors_are_the_registry_s_own(client: Client, path, status, code):
    answer = client.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (status, MEDIA)
    assert answer.json()["error_code"] == code
    assert answer.json()["message"]


def test_a_schema_is_looked_up_whatever_its_spelling(client: Client):
    for path in (f"/subjects/{TICK}", f"/subjects/{TICK}/versions?normalize=False"):
        sent = json.dumps({"schema": json.dumps(FIRST.schema, indent=4), "schemaType": "AVRO", "references": []})
        answer = client.post(path, content=sent, headers={"content-type": MEDIA})

        assert (answer.status_code, answer.json()["id"]) == (200, FIRST.id)


@pytest.mark.parametrize("schema", ['"string"', "{", json.dumps({**FIRST.schema, "name": "Other"})])
def test_a_schema_that_is_not_committed_is_neither_found_nor_registered(client: Client, schema):
    found = client.post(f"/subjects/{TICK}", json={"schema": schema})
    registered = client.post(f"/subjects/{TICK}/versions", json={"schema": schema})

    assert (found.status_code, found.json()["error_code"]) == (404, 40403)
    assert (registered.status_code, registered.json()["error_code"]) == (422, 42205)


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", f"/subjects/{TICK}"), ("PUT", "/config"), ("DELETE", f"/subjects/{TICK}/versions/1")]
)
def test_nothing_can_be_changed(client: Client, method, path):
    answer = client.request(method, path)

    assert (answer.status_code, answer.json()["error_code"]) == (405, 405)

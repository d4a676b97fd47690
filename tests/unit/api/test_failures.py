import asyncio
import json
import logging

import pytest

from api.deps import ApiSettings
from tests.unit.api.building import HOSTS, Built, Client

READS = [
    "/api/v1/recommendations",
    "/api/v1/recommendations?w_social=1",
    "/api/v1/recommendations/00000000-0000-0000-0000-000000000000",
    "/api/v1/stream/recommendations",
    "/api/v1/symbols",
    "/api/v1/symbols/AAPL/bars",
    "/api/v1/symbols/AAPL/features",
]


@pytest.mark.parametrize("path", READS)
def test_a_store_that_cannot_answer_is_a_503_that_says_when_to_come_back(built: Built, path):
    built.reads.available = False
    with built.client() as client:
        answer = client.get(path)

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["error"]["code"] == "DEPENDENCY_UNAVAILABLE"
    assert "secret" not in answer.text, "what the store said is for the log"


def test_reads_go_on_when_the_store_is_back(built: Built):
    built.settings = ApiSettings(allowed_hosts=HOSTS, cache_s=60)
    with built.client() as client:
        built.reads.available = False
        down = client.get(READS[0]).status_code
        built.reads.available = True
        up = client.get(READS[0]).status_code

    assert (down, up) == (503, 200)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "RESOURCE_NOT_FOUND"),
        ("GET", "/api/v1/symbols/", 404, "RESOURCE_NOT_FOUND"),
        ("GET", "//evil.example/", 404, "RESOURCE_NOT_FOUND"),
        ("DELETE", "/api/v1/recommendations", 405, "REQUEST_METHOD_NOT_ALLOWED"),
        ("BREW", "/health", 405, "REQUEST_METHOD_NOT_ALLOWED"),
        ("GET", "/recommendations", 405, "REQUEST_METHOD_NOT_ALLOWED"),
    ],
)
def test_what_the_framework_refuses_has_the_same_envelope(client: Client, method, path, status, code):
    answer = client.request(method, f"http://testserver{path}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert (answer.status_code == 405) == ("allow" in answer.headers)
    assert answer.json()["error"]["traceId"] == answer.headers["x-trace-id"]


def test_a_bug_is_a_500_without_a_trace_of_its_own(built: Built, caplog):
    def break_down() -> None:
        raise RuntimeError("the inner life of the server")

    built.reads.before_read = break_down
    with built.client() as client, caplog.at_level(logging.ERROR):
        answer = client.get("/api/v1/symbols")

    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "INTERNAL_ERROR")
    assert "inner life" not in answer.text
    assert "inner life" in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_unknown_parameters_are_refused_with_the_known_ones(client: Client):
    answer = client.get("/api/v1/recommendations?symbol=AAPL&user_id=1").json()

    details = answer["error"]["details"]
    assert {one["field"] for one in details} == {"symbol", "user_id"}
    assert all("min_confidence" in one["message"] and "w_social" in one["message"] for one in details)


def test_messages_shorten_what_was_sent_and_never_repeat_it_as_their_own(client: Client):
    answer = client.get("/api/v1/recommendations", params={"action": "x" * 5_000}).json()["error"]

    assert "x" not in answer["message"].replace("expected", "")
    assert len(answer["details"][0]["message"]) < 300


@pytest.mark.parametrize("query", ["a=1&" * 200, "limit=" + "9" * 5_000, "symbols=%ff%fe", "since=9999-99-99", "limit=1e1"])
def test_odd_queries_are_refused_and_break_nothing(client: Client, query):
    assert client.get(f"/api/v1/recommendations?{query}").status_code == 422


@pytest.mark.parametrize(
    ("content", "media", "status", "code"),
    [
        (b'{"symbol":"AAPL"}', "text/plain", 415, "REQUEST_UNSUPPORTED_MEDIA_TYPE"),
        (b'{"symbol":"AAPL"}', None, 415, "REQUEST_UNSUPPORTED_MEDIA_TYPE"),
        (b"{", "application/json", 400, "REQUEST_MALFORMED_JSON"),
        (b"", "application/json", 400, "REQUEST_MALFORMED_JSON"),
        (b'{"symbol": NaN}', "application/json", 400, "REQUEST_MALFORMED_JSON"),
        (b'"\\ud800"', "application/json", 400, "REQUEST_MALFORMED_JSON"),
        (b"[" * 10_000, "application/json", 400, "REQUEST_MALFORMED_JSON"),
        (b"[]", "application/json", 422, "VALIDATION_ERROR"),
        (b"3", "application/json", 422, "VALIDATION_ERROR"),
        (b" " * (256 * 1024 + 1), "application/json", 413, "REQUEST_TOO_LARGE"),
    ],
)
def test_bodies_that_are_none_of_ours_are_refused(client: Client, content, media, status, code):
    answer = client.post("/recommendations", content=content, headers={} if media is None else {"content-type": media})

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_body_without_a_length_is_cut_off_at_the_limit(built: Built):
    built.settings = ApiSettings(allowed_hosts=HOSTS, body_max_bytes=10)
    sent = []

    async def chunks():
        for _ in range(100):
            sent.append(5)
            yield b"12345"

    with built.client() as client:
        answer = client.post("/recommendations", content=chunks(), headers={"content-type": "application/json"})

    assert answer.status_code == 413


def test_a_body_that_does_not_arrive_is_given_up(built: Built):
    built.settings = ApiSettings(allowed_hosts=HOSTS, body_timeout_s=0.05)
    sent = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "method": "POST",
        "path": "/recommendations",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
    }

    async def receive():
        await asyncio.sleep(60)

    async def send(message):
        sent.append(message)

    asyncio.run(asyncio.wait_for(built.app()(scope, receive, send), 2))

    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["error"]["code"] == "REQUEST_TIMEOUT"

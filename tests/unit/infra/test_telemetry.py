import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from pydantic import SecretStr

from infra.telemetry import REDACTED, configure_logging, redact


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return what was logged, as JSON."""
    root = logging.getLogger()
    before = (root.handlers, root.level)
    stream = io.StringIO()
    configure_logging("streams", level="INFO", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = before
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def fail_and_log(message: str) -> None:
    def fail() -> None:
        raise ValueError(message)

    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("fold failed")


def test_a_line_has_the_fields_of_the_log_format(lines: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger().info("bar closed", symbol="AAPL", revision=1)

    (line,) = lines()
    assert ["timestamp", "level", "service", "traceId", "message"] == list(line)[:5]
    assert {"symbol", "revision", "logger"} == {*list(line)[5:]}
    assert ("INFO", "streams", "bar closed", None) == tuple(line[key] for key in ("level", "service", "message", "traceId"))
    assert ("AAPL", 1) == (line["symbol"], line["revision"])
    assert line["timestamp"].endswith("Z")
    assert 24 == len(line["timestamp"])


def test_logs_of_libraries_look_the_same(lines: Callable[[], list[dict[str, Any]]]) -> None:
    logging.getLogger("aiokafka").warning("lost %s of %d", "partition", 3)

    (line,) = lines()
    assert ("WARNING", "lost partition of 3", "aiokafka") == (line["level"], line["message"], line["logger"])


def test_what_is_below_the_level_is_not_written(lines: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger().debug("noise")
    logging.getLogger("noisy").debug("noise")

    assert [] == lines()


def test_a_failure_comes_with_its_traceback_in_one_line(lines: Callable[[], list[dict[str, Any]]]) -> None:
    fail_and_log("expected 1, found 2")

    (line,) = lines()
    assert "ERROR" == line["level"]
    assert "ValueError: expected 1, found 2" in line["exception"]


def test_the_trace_of_the_current_span_is_named(lines: Callable[[], list[dict[str, Any]]]) -> None:
    with TracerProvider().get_tracer("test").start_as_current_span("fold") as span:
        structlog.get_logger().info("inside")

    assert f"{span.get_span_context().trace_id:032x}" == lines()[0]["traceId"]


def test_context_that_was_bound_is_in_every_line(lines: Callable[[], list[dict[str, Any]]]) -> None:
    with structlog.contextvars.bound_contextvars(agent="bars", traceId="abc"):
        structlog.get_logger().info("one")

    assert ("bars", "abc") == (lines()[0]["agent"], lines()[0]["traceId"])


def test_secrets_never_reach_the_stream(lines: Callable[[], list[dict[str, Any]]]) -> None:
    structlog.get_logger().info("connect to postgresql://me:hidden@db/x", dsn=SecretStr("hidden"), login={"password": "hidden"})
    logging.getLogger("lib").info("url is %s", "https://u:hidden@host/path")
    fail_and_log("cannot use postgresql://me:hidden@db/x password=hidden")

    assert "hidden" not in json.dumps(lines())
    assert 3 == len(lines())


def test_text_for_people_has_no_secrets_either() -> None:
    root = logging.getLogger()
    before = (root.handlers, root.level)
    stream = io.StringIO()
    configure_logging("api", json=False, stream=stream)
    structlog.get_logger().warning("sign in", pin="hidden", user="u1")
    root.handlers, root.level = before
    structlog.reset_defaults()

    assert "hidden" not in stream.getvalue()
    assert "sign in" in stream.getvalue()


@pytest.mark.parametrize(
    "key",
    [
        *("password", "Password", "user_password", "accessToken", "refresh_token", "pin", "pinHash", "PIN", "X-API-Key", "api_key"),
        *("client_secret", "Authorization", "Set-Cookie", "sasl.password", "privateKey", "ACCESS_TOKEN"),
    ],
)
def test_a_key_that_names_a_secret_is_redacted(key: str) -> None:
    assert {key: REDACTED} == redact(None, "info", {key: "hidden"})


@pytest.mark.parametrize("key", ["spinning", "pinned", "opinion", "tokenizer", "partition", "key", "secretary", "apiVersion"])
def test_a_key_that_only_looks_like_one_is_not(key: str) -> None:
    assert {key: "shown"} == redact(None, "info", {key: "shown"})


@pytest.mark.parametrize(
    "value",
    [
        {"a": {"token": "hidden"}},
        [{"token": "hidden"}],
        ({"x": [SecretStr("hidden")]},),
        "amqp://user:hidden@host",
        "host=db password=hidden user=me",
    ],
)
def test_secrets_are_found_inside_values(value: object) -> None:
    assert "hidden" not in str(redact(None, "info", {"value": value}))


def test_what_is_nested_too_deep_to_check_is_not_shown() -> None:
    value: Any = {"price": "unchecked"}
    for _ in range(20):
        value = [value]

    assert "unchecked" not in str(redact(None, "info", {"value": value}))


def test_other_values_are_left_as_they_are() -> None:
    event = {"price": 1.5, "symbols": ["A", "B"], "url": "http://127.0.0.1:8080/api?x=a@b", "none": None}

    assert event == redact(None, "info", event)

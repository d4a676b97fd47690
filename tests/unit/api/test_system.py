import asyncio
import logging

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry
from structlog.contextvars import get_contextvars

from api.deps import ApiSettings
from api.ports import Finding
from api.probes import lag_probe
from tests.unit.api.building import HOSTS, Built, Client


def test_health_asks_nobody(built: Built):
    built.reads.available = False
    built.probes = {"postgres": _down}
    with built.client() as client:
        assert client.get("/health").json()["data"] == {"status": "ok", "service": "autotrader-api"}


def test_ready_names_every_check(built: Built):
    built.probes = {"postgres": _fit, "kafka": lag_probe(_three_seconds, 10.0)}
    with built.client() as client:
        answer = client.get("/ready")

    assert answer.status_code == 200
    assert answer.json()["data"]["checks"] == [
        {"name": "postgres", "ok": True, "detail": "fine"},
        {"name": "kafka", "ok": True, "detail": "3.0 s behind, at most 10 s"},
    ]


def test_not_ready_says_what_is_not_fit(built: Built):
    built.settings = ApiSettings(allowed_hosts=HOSTS, probe_timeout_s=0.05)
    built.probes = {
        "postgres": _fit,
        "clickhouse": _down,
        "kafka": lag_probe(_three_seconds, 3.0),
        "other": _hang,
        "broken": _raise,
    }
    with built.client() as client:
        answer = client.run(asyncio.wait_for(client.http.get("/ready"), 2))

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], "retry-after" in answer.headers) == (503, "NOT_READY", True)
    assert error["message"] == "not ready: clickhouse, kafka, other, broken"
    assert [check["ok"] for check in error["details"]] == [True, False, False, False, False]


def test_metrics_count_by_route_and_not_by_path(built: Built):
    with built.client() as client:
        for symbol in ("AAPL", "MSFT"):
            client.get(f"/api/v1/symbols/{symbol}/bars")
        client.get("/nothing")
        client.get("/api/v1/symbols/AAPL/bars?limit=0")
        client.post("/recommendations", json={"symbol": "AAPL"})
        shown = client.get("/metrics")

    assert shown.headers["content-type"].startswith("text/plain")
    route = "/api/v1/symbols/{symbol}/bars"
    assert f'http_requests_total{{method="GET",route="{route}",status="200"}} 2.0' in shown.text
    assert f'http_requests_total{{method="GET",route="{route}",status="422"}} 1.0' in shown.text
    assert 'http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in shown.text
    assert f'http_request_duration_seconds_count{{method="GET",route="{route}"}} 3.0' in shown.text
    assert "recommendation_generation_duration_seconds_count 1.0" in shown.text
    assert "api_live_clients 0.0" in shown.text


def test_open_metrics_are_given_where_they_are_asked_for(client: Client):
    answer = client.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})

    assert answer.text.rstrip().endswith("# EOF")


def test_ids_of_the_caller_are_kept(client: Client):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = client.get("/nothing", headers={"x-request-id": "mine-1", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"})

    assert (answer.headers["x-request-id"], answer.headers["x-trace-id"]) == ("mine-1", trace)
    assert answer.json()["error"]["traceId"] == trace


def test_ids_that_cannot_be_logged_are_replaced(client: Client):
    answer = client.get("/health", headers={"x-request-id": "a b\tc", "traceparent": "00-" + "0" * 32 + "-00f067aa0ba902b7-01"})

    assert answer.headers["x-request-id"] != "a b\tc"
    assert answer.headers["x-trace-id"] != "0" * 32


def test_the_log_of_a_request_carries_its_ids(client: Client):
    seen = []

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append((record.getMessage(), dict(get_contextvars())))

    log, watch = logging.getLogger("api.requests"), Watch()
    log.addHandler(watch)
    level = log.level
    log.setLevel(logging.INFO)
    try:
        answer = client.get("/health", headers={"x-request-id": "mine-2"})
    finally:
        log.removeHandler(watch)
        log.setLevel(level)

    [(message, context)] = seen
    assert message == "request answered"
    assert (context["requestId"], context["traceId"]) == ("mine-2", answer.headers["x-trace-id"])
    assert (context["method"], context["path"], context["status"]) == ("GET", "/health", 200)


def test_a_request_is_a_span_where_tracing_is_on(built: Built):
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    built.more = {"tracing": provider}
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with built.client() as client:
        answer = client.get("/api/v1/symbols", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})

    [span] = spans.get_finished_spans()
    assert f"{span.context.trace_id:032x}" == answer.headers["x-trace-id"] == trace


def test_two_applications_live_in_one_process():
    first, second = Built(), Built()
    with first.client() as one, second.client() as two:
        one.get("/health")
        two.get("/health")

    assert isinstance(first.registry, CollectorRegistry)
    assert first.registry is not second.registry


def test_the_index_leads_to_what_answers(client: Client):
    links = client.get("/").json()["data"]["links"]

    for name, link in links.items():
        if name not in {"stream", "engine"}:
            assert client.get(link).status_code == 200, link


async def _fit() -> Finding:
    return Finding(ok=True, detail="fine")


async def _down() -> Finding:
    return Finding(ok=False, detail="no answer")


async def _hang() -> Finding:
    await asyncio.sleep(60)
    return Finding(ok=True, detail="")


async def _raise() -> Finding:
    raise RuntimeError("a probe that is broken")


async def _three_seconds() -> float:
    return 3.0

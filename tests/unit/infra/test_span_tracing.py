"""A span for a chunk continues the trace of the first record that carries one."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from infra.settings import TelemetrySettings
from infra.tracing import SpanTracing, span_tracing

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_it_is_off_without_an_endpoint() -> None:
    assert span_tracing("streams", TelemetrySettings()) is None


@pytest.fixture
def seen(monkeypatch) -> InMemorySpanExporter:
    """The spans that have ended."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


def test_it_continues_the_trace_and_carries_it_on(seen) -> None:
    with SpanTracing().span("bars fold", [[("ce_id", b"1")], [("traceparent", PARENT.encode())]]) as headers:
        pass

    [span] = seen.get_finished_spans()
    assert "bars fold" == span.name
    assert 0x0AF7651916CD43DD8448EB211C80319C == span.context.trace_id
    assert b"0af7651916cd43dd8448eb211c80319c" in dict(headers)["traceparent"]


def test_without_records_a_trace_begins(seen) -> None:
    with SpanTracing().span("market.ticks ingest", ()) as headers:
        pass

    [span] = seen.get_finished_spans()
    assert span.parent is None
    assert f"{span.context.trace_id:032x}".encode() in dict(headers)["traceparent"]


def test_spans_that_overlap_are_not_each_others_parents(seen) -> None:
    tracing = SpanTracing()
    first = tracing.begin("store", [[("traceparent", PARENT.encode())]])
    second = tracing.begin("store", [[("ce_id", b"1")]])
    assert not trace.get_current_span().get_span_context().is_valid
    first.end({"rows": 1})
    assert 1 == len(seen.get_finished_spans())
    second.end({"rows": 2, "partitions": [0, 3]})

    one, two = seen.get_finished_spans()
    assert 0x0AF7651916CD43DD8448EB211C80319C == one.context.trace_id
    assert two.parent is None
    assert ({"rows": 1}, {"rows": 2, "partitions": (0, 3)}) == (dict(one.attributes), dict(two.attributes))

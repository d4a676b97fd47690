"""A span for a chunk continues the trace of the first record that carries one."""

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from infra.settings import TelemetrySettings
from infra.tracing import SpanTracing, span_tracing

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_it_is_off_without_an_endpoint() -> None:
    assert span_tracing("streams", TelemetrySettings()) is None


def test_it_continues_the_trace_and_carries_it_on(monkeypatch) -> None:
    seen, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(seen))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)

    with SpanTracing().span("bars fold", [[("ce_id", b"1")], [("traceparent", PARENT.encode())]]) as headers:
        pass

    [span] = seen.get_finished_spans()
    assert "bars fold" == span.name
    assert 0x0AF7651916CD43DD8448EB211C80319C == span.context.trace_id
    assert b"0af7651916cd43dd8448eb211c80319c" in dict(headers)["traceparent"]

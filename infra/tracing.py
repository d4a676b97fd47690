from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from infra.settings import TelemetrySettings

_FIELDS = ("traceparent", "tracestate")

Headers = Sequence[tuple[str, bytes | None]]


class Closeable(Protocol):
    """Tracing that was switched on."""

    def shutdown(self) -> None:
        """Send what is left and stop."""


def configure_tracing(service: str, endpoint: str | None) -> Closeable | None:
    """Send spans to an OTLP/HTTP endpoint; without one, nothing is set up and spans cost next to nothing.

    This sets OpenTelemetry's provider for the process: call it once, from the composition root.
    """
    if endpoint is None:
        return None
    # A tenth of a second, which commands that trace nothing need not wait.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")))
    trace.set_tracer_provider(provider)
    return provider


def trace_headers(context: Context | None = None) -> list[tuple[str, bytes]]:
    """Return the Kafka headers that carry the current span, or the one of `context`; none where there is no span."""
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier, context)
    return [(name, value.encode()) for name, value in carrier.items()]


def trace_context(headers: Iterable[tuple[str, bytes | None]] | None) -> Context:
    """Return the context that Kafka headers carry, to be a span's parent; an empty one if they carry none or a malformed one."""
    carrier = {name: value.decode("ascii", "replace") for name, value in headers or () if name in _FIELDS and value is not None}
    return TraceContextTextMapPropagator().extract(carrier)


class OpenSpan:
    """A span that has begun."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def end(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Say what it was about, and hand it to the exporter."""
        self._span.set_attributes(attributes)
        self._span.end()


class SpanTracing:
    """Spans of chunks and batches: one for many records, which continues the trace of the first record that carries one."""

    @contextmanager
    def span(self, name: str, headers: Iterable[Headers]) -> Iterator[list[tuple[str, bytes]]]:
        """Run a span; gives the headers that carry it on."""
        with trace.use_span(self._started(name, headers), end_on_exit=True):
            yield trace_headers()

    def begin(self, name: str, headers: Iterable[Headers]) -> OpenSpan:
        """Begin a span that is nobody's current one, for work that overlaps with the next: it may end after that has begun."""
        return OpenSpan(self._started(name, headers))

    def _started(self, name: str, headers: Iterable[Headers]) -> trace.Span:
        parent = next((found for found in headers if any(field in _FIELDS for field, _ in found)), None)
        return trace.get_tracer("autotrader").start_span(name, context=trace_context(parent))


def span_tracing(service: str, settings: TelemetrySettings) -> SpanTracing | None:
    """Switch tracing on where an endpoint is set, and return what makes spans; None where it is off."""
    return None if configure_tracing(service, settings.otlp_endpoint) is None else SpanTracing()

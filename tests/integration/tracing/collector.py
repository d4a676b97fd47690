"""Collects spans over OTLP/HTTP, as a tracing server would."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    service: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]


@dataclass
class Collector:
    endpoint: str
    spans: dict[str, Span] = field(default_factory=dict)

    def named(self, name: str) -> list[Span]:
        return [span for span in list(self.spans.values()) if span.name == name]

    def way(self, span: Span) -> list[Span]:
        """Return the way that led to a span, from its beginning, as far as it is collected."""
        way = [span]
        while (parent := self.spans.get(way[0].parent)) is not None:
            way.insert(0, parent)
        return way

    def take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = next(item.value.string_value for item in resource.resource.attributes if item.key == "service.name")
            for span in (one for scope in resource.scope_spans for one in scope.spans):
                attributes = {item.key: _value(item.value) for item in span.attributes}
                ids = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
                self.spans[span.span_id.hex()] = Span(service, span.name, *ids, attributes)


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return [_value(one) for one in value.array_value.values] if kind == "array_value" else getattr(value, kind)


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()

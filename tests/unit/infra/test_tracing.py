import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from infra.tracing import configure_tracing, trace_context, trace_headers


def test_without_an_endpoint_nothing_is_set_up() -> None:
    before = trace.get_tracer_provider()

    assert configure_tracing("streams", None) is None
    assert before is trace.get_tracer_provider()
    assert [] == trace_headers()


def test_a_span_goes_through_headers_to_another_process() -> None:
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("ingest") as sent:
        headers = trace_headers()

    with tracer.start_as_current_span("fold", context=trace_context([("ce_id", b"1"), *headers])) as received:
        assert sent.get_span_context().trace_id == received.get_span_context().trace_id
    assert ["traceparent"] == [name for name, _ in headers]


@pytest.mark.parametrize(
    "headers", [None, [], [("traceparent", None)], [("traceparent", b"\xff\xfe")], [("traceparent", b"00-zz")]]
)
def test_headers_without_a_good_trace_give_an_empty_context(headers: list[tuple[str, bytes | None]] | None) -> None:
    assert not trace.get_current_span(trace_context(headers)).get_span_context().is_valid


def test_the_current_span_is_not_a_parent_of_what_headers_do_not_name() -> None:
    with TracerProvider().get_tracer("test").start_as_current_span("unrelated"):
        assert not trace.get_current_span(trace_context([])).get_span_context().is_valid

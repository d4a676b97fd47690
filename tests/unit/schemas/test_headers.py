import pytest
from hypothesis import given

from schemas.events.market import Tick
from schemas.headers import cloud_event_headers, event_attributes, required_headers
from schemas.samples import samples
from tests import strategies
from tests.builders import bar, tick


def test_a_tick_carries_only_what_cloud_events_requires() -> None:
    event = tick(source="futures", recording="r", sequence=7)
    expected = [
        ("ce_specversion", b"1.0"),
        ("ce_type", b"market.tick"),
        ("ce_id", b"futures/r/7"),
        ("ce_source", b"/sources/futures"),
    ]

    assert expected == required_headers(Tick.TYPE, event.identity(), event.origin())


def test_other_events_say_when_it_happened_and_what_the_value_is() -> None:
    headers = dict(cloud_event_headers(bar(start=1_378_000_800_000_000, interval="1m")))

    assert b"2013-09-01T02:01:00.000000Z" == headers["ce_time"]
    assert b"application/avro" == headers["content-type"]
    assert "traceparent" not in headers


def test_a_trace_goes_along_under_its_own_name() -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    assert ("traceparent", parent.encode()) == cloud_event_headers(bar(), parent)[-1]


@pytest.mark.parametrize("event", samples(), ids=lambda event: event.TYPE)
def test_attributes_are_read_back_by_their_names(event: Tick) -> None:
    attributes = event_attributes(cloud_event_headers(event))

    assert event.TYPE == attributes["type"]
    assert event.identity() == attributes["id"]
    assert "application/avro" == attributes["datacontenttype"]


@given(event=strategies.ticks)
def test_the_source_is_a_uri_reference_whatever_the_name(event: Tick) -> None:
    origin = event.origin()

    assert origin.isascii()
    assert not set(origin) & set(' "<>\\^`{|}\n\t')


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ([], "expected the header ce_specversion 1.0, found None"),
        ([("content-type", b"application/cloudevents+json")], "expected the header ce_specversion 1.0, found None"),
        ([("ce_specversion", b"0.3")], "expected the header ce_specversion 1.0, found b'0.3'"),
        ([("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_type", b""), ("ce_source", None)], "found no ce_type and no ce_source"),
    ],
)
def test_what_is_no_event_in_binary_mode_is_refused(headers: list[tuple[str, bytes | None]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        event_attributes(headers)

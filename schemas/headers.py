"""CloudEvents 1.0, Kafka binary content mode: the context attributes of an event as record headers."""

from collections.abc import Iterable, Mapping

from schemas.events.base import Event
from schemas.values import iso

Headers = list[tuple[str, bytes]]


def required_headers(event_type: str, event_id: str, origin: str) -> Headers:
    """Return the four attributes that CloudEvents requires: all that a tick carries, headers double the cost of reading one."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_type", event_type.encode()),
        ("ce_id", event_id.encode()),
        ("ce_source", origin.encode()),
    ]


def cloud_event_headers(event: Event, traceparent: str | None = None) -> Headers:
    """Return the headers of any event but a tick."""
    return event_headers(event.TYPE, event.identity(), event.origin(), event.occurred_at(), traceparent)


def event_headers(event_type: str, event_id: str, origin: str, occurred_at: int, traceparent: str | None = None) -> Headers:
    """Return the headers of a record whose event was not built as an object."""
    headers = required_headers(event_type, event_id, origin)
    headers.append(("ce_time", iso(occurred_at).encode()))
    headers.append(("content-type", b"application/avro"))
    if traceparent:
        headers.append(("traceparent", traceparent.encode()))
    return headers


def event_attributes(headers: Iterable[tuple[str, bytes | None]]) -> Mapping[str, str]:
    """Return the CloudEvents attributes of a record by their names; ValueError where it is no event in binary mode.

    Structured mode (the event as JSON in the value) is not spoken on our topics.
    """
    found = {name: value for name, value in headers if value is not None}
    if found.get("ce_specversion") != b"1.0":
        raise ValueError(f"expected the header ce_specversion 1.0, found {found.get('ce_specversion')!r}")
    attributes = {name.removeprefix("ce_"): value.decode() for name, value in found.items() if name.startswith("ce_")}
    if missing := [name for name in ("id", "type", "source") if not attributes.get(name)]:
        raise ValueError(f"expected the headers ce_id, ce_type and ce_source, found no ce_{' and no ce_'.join(missing)}")
    if "content-type" in found:
        attributes["datacontenttype"] = found["content-type"].decode()
    return attributes

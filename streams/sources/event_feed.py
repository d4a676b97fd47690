"""Events that are few enough to be held in memory, in the order in which they became available, as something to be ingested."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from schemas.codec import Codec
from schemas.events.base import Event
from schemas.events.market import BarClosed, CorporateAction, NewsPublished, SocialPostPublished
from schemas.headers import event_headers
from schemas.partitioner import partition_of
from streams.sources.records import FAR, EventBlock, Extent, Record

Available = BarClosed | CorporateAction | NewsPublished | SocialPostPublished
_BLOCK_EVENTS = 8_192


class Rendered(NamedTuple):
    """An event as bytes: a fifth of what the object takes."""

    available_at: int
    value: bytes
    key: bytes
    identity: str
    occurred_at: int


def render(event: Event, codec: Codec) -> Rendered:
    """Return an event as it is held; TypeError for one that has no time of availability."""
    if not isinstance(event, Available):
        raise TypeError(f"expected a bar, an action, a news item or a post, found {event.TYPE}")
    return Rendered(event.available_at, codec.encode(event), event.key(), event.identity(), event.occurred_at())


@dataclass(frozen=True)
class EventFeed:
    """Events of one type and source."""

    source: str
    recording: str
    topic: str
    event_type: str
    events: Sequence[Rendered]
    options: Mapping[str, str] = field(default_factory=dict)
    until: int | None = None
    """How far the source states to have told at the end; None: up to its last event."""
    refused: int = 0
    is_last: bool = True
    """False: more of this recording follows later."""

    @classmethod
    def of(
        cls,
        events: Iterable[Event],
        codec: Codec,
        source: str,
        recording: str,
        topic: str,
        *,
        options: Mapping[str, str] | None = None,
        until: int | None = None,
        is_last: bool = True,
    ) -> "EventFeed":
        """Return a feed of events of one type, in the order of their availability, then as given."""
        given = list(events)
        if len(types := {event.TYPE for event in given}) > 1:
            raise ValueError(f"expected events of one type, found {', '.join(sorted(types))}")
        rendered = sorted((render(event, codec) for event in given), key=lambda event: event.available_at)
        event_type = given[0].TYPE if given else ""
        return cls(source, recording, topic, event_type, rendered, options or {}, until, is_last=is_last)

    @property
    def has_clock(self) -> bool:
        """Return whether the source states on this topic how far it has told: bars need no such thing."""
        return self.event_type != BarClosed.TYPE

    @property
    def extent(self) -> Extent:
        """Return how much there is."""
        begins_at, ends_at = (self.events[0].available_at, self.events[-1].available_at) if self.events else (0, None)
        told_until = (ends_at if self.until is None else self.until) if self.is_last else None
        return Extent(len(self.events), begins_at, ends_at or 0, told_until, self.refused)

    def blocks(self, partitions: int) -> Iterator[EventBlock]:
        """Return the events."""
        times = np.fromiter((event.available_at for event in self.events), np.int64, len(self.events))
        for start in range(0, len(times), _BLOCK_EVENTS):
            end = min(start + _BLOCK_EVENTS, len(times))
            following = int(times[end]) if end < len(times) else FAR
            yield EventBlock(np.arange(start, end), times[start:end], following, _Renderer(self, start, partitions))


@dataclass(frozen=True, slots=True)
class _Renderer:
    feed: EventFeed
    first: int
    partitions: int

    def __call__(self, start: int, end: int) -> Iterator[Record]:
        origin = f"/sources/{self.feed.source}"
        return (
            (
                event.value,
                event.key,
                partition_of(event.key, self.partitions),
                event_headers(self.feed.event_type, event.identity, origin, event.occurred_at),
            )
            for event in self.feed.events[self.first + start : self.first + end]
        )

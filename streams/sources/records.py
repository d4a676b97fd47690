"""What an ingest writes: records with their place, and how they are grouped."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.codec import Codec
from schemas.events.base import Event
from schemas.events.market import Tick
from schemas.headers import Headers, cloud_event_headers, required_headers

Record = tuple[bytes, bytes, int, Headers]
"""Value, key, partition, headers: a plain tuple, for there are hundreds of thousands a second."""

FAR = 2**62
"""Later than anything: nothing follows."""


def record_of(event: Event, codec: Codec, partition: int) -> Record:
    """Return the record of one event."""
    headers = (
        required_headers(event.TYPE, event.identity(), event.origin()) if isinstance(event, Tick) else cloud_event_headers(event)
    )
    return codec.encode(event), event.key(), partition, headers


@dataclass(frozen=True, slots=True)
class EventBlock:
    """Events in the order in which they are written, rendered when they are needed."""

    ordinals: NDArray[np.int64]
    """Place of each event in its recording, ascending: how far an ingest has come is told by it."""
    times: NDArray[np.int64]
    """By which the source's clock runs, in microseconds since the Unix epoch: the event time of a tick, else the availability."""
    following: int
    """The earliest time after this block; FAR where nothing follows."""
    records: Callable[[int, int], Iterable[Record]]
    """Render the events from one place in this block to another."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a feed tells. Times in microseconds since the Unix epoch."""

    events: int
    begins_at: int
    """Earliest time of all events."""
    ends_at: int
    """Latest time of all events."""
    told_until: int | None
    """How far the source has told when all of it is written; None where more of this recording follows later."""
    refused: int = 0
    """Rows that were left out."""


class Feed(Protocol):
    """Something to be ingested: an identity, a topic, and events that are the same each time they are asked for."""

    @property
    def source(self) -> str:
        """Who tells this."""

    @property
    def recording(self) -> str:
        """Identity within the source: the SHA-256 of the file."""

    @property
    def topic(self) -> str:
        """Where it is written."""

    @property
    def options(self) -> Mapping[str, str]:
        """What it was read with: a repeated ingest has to be asked for with the same."""

    @property
    def extent(self) -> Extent:
        """How much there is, and from when to when."""

    @property
    def has_clock(self) -> bool:
        """Whether the source states on this topic how far it has told."""

    def blocks(self, partitions: int) -> Iterable[EventBlock]:
        """Return all events, from the first on, for a topic of so many partitions."""

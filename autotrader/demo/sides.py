"""Corporate actions, news and posts about some symbols, with statements of how far they are told about those symbols only.

Each lane of the demo lives in a time of its own: what is told of the stocks must not be taken for news of the future, or the
other way round. So the clocks here name the symbols that they speak for, and stand between the events as events do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from schemas.codec import Codec
from schemas.events.market import ClockAdvanced, CorporateAction, NewsPublished, SocialPostPublished
from schemas.partitioner import partition_of
from streams.sources.records import FAR, EventBlock, Extent, Record, record_of

SideEvent = CorporateAction | NewsPublished | SocialPostPublished
Entry = SideEvent | ClockAdvanced


def entry_time(entry: Entry) -> int:
    """Return the time by which an entry is ordered: when it became available, or up to when a clock speaks."""
    return entry.at if isinstance(entry, ClockAdvanced) else entry.available_at


@dataclass(frozen=True)
class SideFeed:
    """Events and clocks in the order in which they are written. A clock is one entry and a record in every partition."""

    source: str
    recording: str
    topic: str
    codec: Codec
    entries: Sequence[Entry]
    is_last: bool = True
    """False: more of this recording follows later."""
    options: Mapping[str, str] = field(default_factory=dict)

    has_clock = False
    """The clocks are among the entries: none is to be added."""

    @property
    def extent(self) -> Extent:
        """Return how much there is."""
        begins_at, ends_at = (entry_time(self.entries[0]), entry_time(self.entries[-1])) if self.entries else (0, 0)
        return Extent(len(self.entries), begins_at, ends_at, ends_at if self.is_last else None)

    def blocks(self, partitions: int) -> Iterator[EventBlock]:
        """Return all entries in one block: they are few."""
        if self.entries:
            times = np.array([entry_time(entry) for entry in self.entries], np.int64)
            yield EventBlock(np.arange(len(times)), times, FAR, lambda start, end: self._records(start, end, partitions))

    def _records(self, start: int, end: int, partitions: int) -> list[Record]:
        records = []
        for entry in self.entries[start:end]:
            places = range(partitions) if isinstance(entry, ClockAdvanced) else (partition_of(entry.key(), partitions),)
            records += [record_of(entry, self.codec, place) for place in places]
        return records

"""A recording of trades as something to be ingested: scanned once, so that what it states of time is true, then read again."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from schemas.topics import TICKS
from streams.sources.problems import BadRow, BadRows
from streams.sources.records import FAR, EventBlock, Extent, Record
from streams.sources.ticks import TickRenderer, TickRows

TickParser = Callable[[], Iterable[tuple[TickRows, list[BadRow]]]]
"""Reads a recording from its beginning, as often as it is called."""


@dataclass(frozen=True, slots=True)
class TickScan:
    """What a first reading of a recording has shown."""

    events: int
    rows: int
    """One more than the last row with a valid trade."""
    begins_at: int
    ends_at: int
    earliest_from: NDArray[np.int64]
    """Earliest event time from each block of the reading on; FAR after the last."""
    bad: BadRows


def scan_ticks(parse: TickParser, told: Callable[[int], None] = lambda _: None) -> TickScan:
    """Read a recording once. ``told`` hears how many rows are read."""
    bad, events, rows, last = BadRows(), 0, 0, -FAR
    earliest: list[int] = []
    for block, block_bad in parse():
        bad.add(block_bad)
        events += len(block.sequence)
        if len(block.sequence):
            rows = int(block.sequence[-1]) + 1
            last = max(last, int(block.event_time.max()))
        earliest.append(int(block.event_time.min()) if len(block.sequence) else FAR)
        told(rows)
    from_here_on = np.minimum.accumulate(np.array([FAR, *reversed(earliest)], np.int64))[::-1]
    return TickScan(events, rows, int(from_here_on[0]), last, from_here_on, bad)


@dataclass(frozen=True)
class TickFeed:
    """The trades of a recording, or a part of it; at their own times, or shifted."""

    source: str
    recording: str
    parse: TickParser
    scan: TickScan
    schema_id: int
    topic: str = TICKS
    options: Mapping[str, str] = field(default_factory=dict)
    first_row: int = 0
    end_row: int | None = None
    """Row before which the feed stops; the rest may be ingested later, as the same recording."""
    shift_us: int = 0
    until: int | None = None
    """How far the source states to have told at the end; None: up to its last trade."""
    has_clock: bool = True

    @cached_property
    def extent(self) -> Extent:
        """Return how much there is; of a part of a recording the times are those of the whole."""
        whole = self.first_row == 0 and (self.end_row is None or self.end_row >= self.scan.rows)
        events = self.scan.events if whole else sum(len(rows.sequence) for rows, _ in self._rows())
        begins_at, ends_at = self.scan.begins_at + self.shift_us, self.scan.ends_at + self.shift_us
        last = None if not self.scan.events else ends_at
        told_until = (last if self.until is None else self.until) if self._has_end else None
        return Extent(events, begins_at, ends_at, told_until, self.scan.bad.total)

    @property
    def _has_end(self) -> bool:
        return self.end_row is None or self.end_row >= self.scan.rows

    def blocks(self, partitions: int) -> Iterator[EventBlock]:
        """Read the recording again, from its beginning."""
        renderer = TickRenderer(self.schema_id, self.source, self.recording, partitions)
        for rows, following in self._rows():
            yield EventBlock(rows.sequence, rows.event_time, following, _render(renderer, rows))

    def _rows(self) -> Iterator[tuple[TickRows, int]]:
        for place, (rows, _) in enumerate(self.parse()):
            following = int(self.scan.earliest_from[place + 1])
            if self.end_row is not None:
                beyond = rows.event_time[rows.sequence >= self.end_row]
                following = min(following, int(beyond.min())) if len(beyond) else following
                rows = rows.part(rows.sequence < self.end_row)  # noqa: PLW2901  # the rest is not of this feed
            chosen = rows.part(rows.sequence >= self.first_row) if self.first_row else rows
            if len(chosen.sequence):
                moved = replace(chosen, event_time=chosen.event_time + self.shift_us) if self.shift_us else chosen
                yield moved, following if following == FAR else following + self.shift_us


def _render(renderer: TickRenderer, rows: TickRows) -> Callable[[int, int], Iterator[Record]]:
    return lambda start, end: renderer.records(rows.part(slice(start, end)))

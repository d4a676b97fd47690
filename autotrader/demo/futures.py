"""The lane of the future: its trades, and statements that nothing is said about it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from autotrader.demo.lane import loop_name
from autotrader.demo.plan import (
    DAY_US,
    HELD_BACK,
    HISTORY,
    LOOP_SOURCE,
    Slice,
    day_end,
    loop_of,
    period,
    ticks_boundary,
)
from autotrader.demo.recordings import TickRecording
from autotrader.demo.sides import SideFeed
from schemas.codec import Codec
from schemas.events.market import ClockAdvanced, Tick
from schemas.ids import derived_id
from schemas.topics import ACTIONS, NEWS, SOCIAL
from streams.sources.records import Feed
from streams.sources.tick_feed import TickFeed, TickScan, scan_ticks


@dataclass(frozen=True)
class TickLane:
    """Trades of one symbol, and statements that nothing is said about it."""

    recording: TickRecording
    codec: Codec
    slice: Slice
    lateness_us: int
    name: str = "futures"

    @property
    def symbols(self) -> Sequence[str]:
        """The one symbol."""
        return (self.recording.symbol,)

    @cached_property
    def _columns(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        blocks = [(rows.event_time, rows.sequence) for rows, _ in self.recording.parse()]
        return np.concatenate([times for times, _ in blocks]), np.concatenate([rows for _, rows in blocks])

    @cached_property
    def _scan(self) -> TickScan:
        return scan_ticks(self.recording.parse)

    @property
    def times(self) -> NDArray[np.int64]:
        """Event times of all ticks of the recording."""
        return self._columns[0]

    @property
    def rows(self) -> NDArray[np.int64]:
        """Row of each tick in the recording."""
        return self._columns[1]

    @property
    def first(self) -> int:
        """Place of the first tick that is told."""
        return 0 if self.slice.ticks is None else max(0, len(self.times) - self.slice.ticks)

    @cached_property
    def boundary(self) -> int:
        """Place of the first tick that is held back."""
        return self.first + ticks_boundary(self.times[self.first :])

    @property
    def held_back_from(self) -> int:
        """Time of the first tick that is held back."""
        return int(self.times[self.boundary])

    @property
    def until(self) -> int:
        """How far the recording speaks: to the end of its last day, so that its last bars close."""
        return day_end(int(self.times[-1])) + self.lateness_us

    @property
    def period_us(self) -> int:
        """By how much each repetition lies after the one before: whole days, so that the time of day stays."""
        return period(self.held_back_from - 1, self.until, DAY_US)

    def feeds(self, part: int) -> Sequence[Feed]:
        """Return how far nothing is said about the symbol, by topic; then its trades."""
        return [*(self._silence(topic, part) for topic in (ACTIONS, NEWS, SOCIAL)), self._ticks(part)]

    def _silence(self, topic: str, part: int) -> SideFeed:
        given = self.recording
        if loop := loop_of(part):
            name = loop_name(loop, derived_id("silence", topic, given.recording))
            clock = self._clock(LOOP_SOURCE, self.until + loop * self.period_us)
            return SideFeed(LOOP_SOURCE, name, topic, self.codec, [clock])
        name = derived_id("silence", topic, given.recording)
        entries = [self._clock(given.source, self.held_back_from), self._clock(given.source, self.until, ended=True)]
        told = entries[:1] if part == HISTORY else entries
        return SideFeed(given.source, name, topic, self.codec, told, is_last=part == HELD_BACK, options=self._options)

    def _ticks(self, part: int) -> TickFeed:
        given = self.recording
        feed = TickFeed(
            given.source,
            given.recording,
            given.parse,
            self._scan,
            self.codec.schema_id(Tick.TYPE),
            options=self._options,
            first_row=int(self.rows[self.first]),
            until=self.until,
        )
        if part == HISTORY:
            return replace(feed, end_row=int(self.rows[self.boundary]))
        if loop := loop_of(part):
            shift = loop * self.period_us
            return replace(
                feed,
                source=LOOP_SOURCE,
                recording=loop_name(loop, given.recording),
                first_row=int(self.rows[self.boundary]),
                shift_us=shift,
                until=self.until + shift,
                options={},
            )
        return feed

    def _clock(self, source: str, at: int, *, ended: bool = False) -> ClockAdvanced:
        return ClockAdvanced(source=source, at=at, reason="ended" if ended else "heartbeat", symbols=tuple(self.symbols))

    @property
    def _options(self) -> dict[str, str]:
        return {"ticks": str(self.slice.ticks or "all")}

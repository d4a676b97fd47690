"""The two lanes of the demo: daily bars of stocks with what is said about them, and the trades of a future.

A lane is told in parts: the history, what was held back of it, then that again and again, shifted past its end. Each part is a
list of feeds, told one after the other: first everything that decisions may have to wait for, so that no bar ever waits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from autotrader.demo.plan import (
    DAILY,
    DAY_US,
    HELD_BACK,
    HISTORY,
    LOOP_SOURCE,
    MINUTE,
    WEEK_US,
    Slice,
    day_end,
    days_boundary,
    loop_of,
    period,
    ticks_boundary,
)
from autotrader.demo.recordings import Story, TickRecording
from autotrader.demo.sides import Entry, SideEvent, SideFeed
from schemas.codec import Codec
from schemas.events.market import BarClosed, ClockAdvanced, CorporateAction, Tick
from schemas.ids import derived_id
from schemas.topics import ACTIONS, BARS, NEWS, SOCIAL
from streams.sources.event_feed import EventFeed
from streams.sources.records import Feed
from streams.sources.tick_feed import TickFeed, TickScan, scan_ticks

_Side = TypeVar("_Side", bound=SideEvent)


class Lane(Protocol):
    """Symbols that share a time, and the feeds of each part of it."""

    @property
    def name(self) -> str:
        """Return what people call it."""

    @property
    def symbols(self) -> Sequence[str]:
        """Return its symbols."""

    @property
    def intervals(self) -> Sequence[str]:
        """Return the intervals at which decisions are made about them."""

    def feeds(self, part: int) -> Sequence[Feed]:
        """Return the feeds of a part in the order in which they are told; the last one is the market itself."""


@dataclass(frozen=True)
class StockLane:
    """Daily bars with their splits, and the synthetic news and posts."""

    story: Story
    codec: Codec
    slice: Slice
    name: str = "stocks"
    intervals: Sequence[str] = (DAILY,)

    @cached_property
    def symbols(self) -> Sequence[str]:
        """The stocks."""
        return tuple(sorted({bar.symbol for bar in self.story.bars}))

    @cached_property
    def bars(self) -> Sequence[BarClosed]:
        """The bars that are told, by time."""
        bars = sorted(self.story.bars, key=lambda bar: (bar.available_at, bar.symbol))
        if self.slice.days is None:
            return bars
        days = sorted({bar.available_at for bar in bars})[-self.slice.days :]
        return [bar for bar in bars if bar.available_at >= days[0]]

    @cached_property
    def boundary(self) -> int:
        """The last time of the history."""
        return days_boundary([bar.available_at for bar in self.bars])

    @property
    def ends_at(self) -> int:
        """The last time of the recording."""
        return self.bars[-1].available_at

    @property
    def period_us(self) -> int:
        """By how much each repetition lies after the one before: whole weeks, so that a Monday stays one."""
        return period(self.boundary, self.ends_at, WEEK_US)

    def feeds(self, part: int) -> Sequence[Feed]:
        """Return corporate actions, news and posts, then bars."""
        sides = [
            self._sides(ACTIONS, part, self.story.actions),
            self._sides(NEWS, part, self.story.news),
            self._sides(SOCIAL, part, self.story.posts),
        ]
        return [*sides, self._bars(part)]

    def _sides(self, topic: str, part: int, events: Sequence[SideEvent]) -> SideFeed:
        known = sorted((event for event in events if event.available_at <= self.ends_at), key=lambda event: event.available_at)
        before = [event for event in known if event.available_at <= self.boundary]
        after = known[len(before) :]
        recording = self.story.side_recordings[topic]
        if loop := loop_of(part):
            shift, name = loop * self.period_us, _loop_name(loop, recording)
            repeated = [_repeated(event, shift, name) for event in after]
            entries: list[Entry] = [*repeated, self._clock(LOOP_SOURCE, self.ends_at + shift)]
            return SideFeed(LOOP_SOURCE, name, topic, self.codec, entries)
        source = self.story.side_sources[topic]
        history: list[Entry] = [*before, self._clock(source, self.boundary)]
        whole: list[Entry] = [*history, *after, self._clock(source, self.ends_at, ended=True)]
        entries = history if part == HISTORY else whole
        return SideFeed(source, recording, topic, self.codec, entries, is_last=part == HELD_BACK, options=self._options)

    def _bars(self, part: int) -> EventFeed:
        if loop := loop_of(part):
            shift = loop * self.period_us
            shifted = [shifted_bar(bar, shift) for bar in self.bars if bar.available_at > self.boundary]
            return EventFeed.of(shifted, self.codec, LOOP_SOURCE, _loop_name(loop, self.story.recording), BARS)
        told = [bar for bar in self.bars if part == HELD_BACK or bar.available_at <= self.boundary]
        source, recording = self.story.source, self.story.recording
        return EventFeed.of(
            told, self.codec, source, recording, BARS, is_last=part == HELD_BACK, options=self._options
        )

    def _clock(self, source: str, at: int, *, ended: bool = False) -> ClockAdvanced:
        return ClockAdvanced(source=source, at=at, reason="ended" if ended else "heartbeat", symbols=tuple(self.symbols))

    @property
    def _options(self) -> dict[str, str]:
        return {"days": str(self.slice.days or "all")}


@dataclass(frozen=True)
class TickLane:
    """Trades of one symbol, and statements that nothing is said about it."""

    recording: TickRecording
    codec: Codec
    slice: Slice
    lateness_us: int
    name: str = "futures"
    intervals: Sequence[str] = (MINUTE, DAILY)

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
            name = _loop_name(loop, derived_id("silence", topic, given.recording))
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
                recording=_loop_name(loop, given.recording),
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


def _loop_name(loop: int, recording: str) -> str:
    """Name the recording of a repetition: its number first, for the beginning of a name is what tells producers apart."""
    return f"loop-{loop}/{recording}"


def shifted_bar(bar: BarClosed, shift_us: int) -> BarClosed:
    """Return a bar as the repetition tells it: later, under another source and so under another id."""
    start = bar.start + shift_us
    moved = {"start": start, "end": bar.end + shift_us, "available_at": bar.available_at + shift_us}
    name = derived_id(BarClosed.TYPE, LOOP_SOURCE, bar.symbol, bar.interval, start, bar.revision)
    return BarClosed.model_validate({**bar.model_dump(), **moved, "source": LOOP_SOURCE, "id": name, "inputs": (bar.id,)})


def _repeated(event: _Side, shift_us: int, name: str) -> _Side:
    """Return an action, a news item or a post as the repetition tells it."""
    changes: dict[str, object] = {"source": LOOP_SOURCE, "available_at": event.available_at + shift_us}
    if isinstance(event, CorporateAction):
        changes["effective_at"] = event.effective_at + shift_us
    else:
        changes["published_at"] = event.published_at + shift_us
        changes["item_id"] = f"{name[:100]}/{event.item_id}"
    changes["id"] = derived_id(event.TYPE, LOOP_SOURCE, name, event.id)
    return type(event).model_validate({**event.model_dump(), **changes})

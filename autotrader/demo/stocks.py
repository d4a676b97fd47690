"""The lane of the stocks: daily bars, their splits, and the synthetic news and posts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from autotrader.demo.lane import loop_name
from autotrader.demo.plan import HELD_BACK, HISTORY, LOOP_SOURCE, WEEK_US, Slice, days_boundary, loop_of, period
from autotrader.demo.recordings import Story
from autotrader.demo.sides import Entry, SideEvent, SideFeed
from schemas.codec import Codec
from schemas.events.market import BarClosed, ClockAdvanced, CorporateAction
from schemas.ids import derived_id
from schemas.topics import ACTIONS, BARS, NEWS, SOCIAL
from streams.sources.event_feed import EventFeed
from streams.sources.records import Feed


@dataclass(frozen=True)
class StockLane:
    """Daily bars with their splits, and the synthetic news and posts."""

    story: Story
    codec: Codec
    slice: Slice
    name: str = "stocks"

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
            shift, name = loop * self.period_us, loop_name(loop, recording)
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
            return EventFeed.of(shifted, self.codec, LOOP_SOURCE, loop_name(loop, self.story.recording), BARS)
        told = [bar for bar in self.bars if part == HELD_BACK or bar.available_at <= self.boundary]
        source, recording = self.story.source, self.story.recording
        return EventFeed.of(told, self.codec, source, recording, BARS, is_last=part == HELD_BACK, options=self._options)

    def _clock(self, source: str, at: int, *, ended: bool = False) -> ClockAdvanced:
        return ClockAdvanced(source=source, at=at, reason="ended" if ended else "heartbeat", symbols=tuple(self.symbols))

    @property
    def _options(self) -> dict[str, str]:
        return {"days": str(self.slice.days or "all")}


def shifted_bar(bar: BarClosed, shift_us: int) -> BarClosed:
    """Return a bar as the repetition tells it: later, under another source and so under another id."""
    start = bar.start + shift_us
    moved = {"start": start, "end": bar.end + shift_us, "available_at": bar.available_at + shift_us}
    name = derived_id(BarClosed.TYPE, LOOP_SOURCE, bar.symbol, bar.interval, start, bar.revision)
    return BarClosed.model_validate({**bar.model_dump(), **moved, "source": LOOP_SOURCE, "id": name, "inputs": (bar.id,)})


def _repeated(event: SideEvent, shift_us: int, name: str) -> SideEvent:
    """Return an action, a news item or a post as the repetition tells it."""
    changes: dict[str, object] = {"source": LOOP_SOURCE, "available_at": event.available_at + shift_us}
    if isinstance(event, CorporateAction):
        changes["effective_at"] = event.effective_at + shift_us
    else:
        changes["published_at"] = event.published_at + shift_us
        changes["item_id"] = f"{name[:100]}/{event.item_id}"
    changes["id"] = derived_id(event.TYPE, LOOP_SOURCE, name, event.id)
    return type(event).model_validate({**event.model_dump(), **changes})

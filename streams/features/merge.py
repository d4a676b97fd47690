"""Merges the inputs of each symbol by the time at which they became available: a decision at T uses what was available at T.

Each input topic tells how far it is: a record available at ``a`` says that nothing earlier follows, a clock at ``a`` that nothing
up to and including ``a`` follows. Within a topic and symbol the effective time never goes back, so what arrives behind its topic's
clock counts from the clock on: the order is a function of the logs alone, whichever of them is read first.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

from schemas.events.market import BarClosed, CorporateAction, NewsPublished, SocialPostPublished

NEVER = -(2**62)
SILENCES_KEPT = 1024

SideEvent = CorporateAction | NewsPublished | SocialPostPublished


@dataclass(slots=True)
class TopicClock:
    """How far a topic has told of a symbol, inclusive, in microseconds since the Unix epoch."""

    told: int = NEVER
    silences: list[tuple[int, int]] = field(default_factory=list)
    """Spans (after, up to and including] in which its sources were declared silent, oldest first."""

    def was_silent(self, at: int) -> bool:
        """Return whether the topic reached a time only because its sources were declared silent."""
        return any(after < at <= until for after, until in self.silences)


@dataclass(frozen=True, slots=True, order=True)
class Side:
    """A corporate action, a news item or a post, and when it counts."""

    effective_at: int
    rank: int
    """Place of its topic: at the same time corporate actions come first, then news, then posts."""
    offset: int
    event: SideEvent = field(compare=False)


@dataclass(frozen=True, slots=True)
class WaitingBar:
    """A bar, and when it counts."""

    effective_at: int
    offset: int
    event: BarClosed


@dataclass(frozen=True, slots=True)
class Ready:
    """A bar whose time has come, what became available before it and was not taken yet, and which topics had fallen silent."""

    bar: WaitingBar
    sides: list[Side]
    silent: tuple[str, ...]


@dataclass(slots=True)
class SymbolInputs:
    """What of one symbol waits."""

    bars: deque[WaitingBar] = field(default_factory=deque)
    sides: list[Side] = field(default_factory=list)
    """A heap."""
    bars_at: int = NEVER
    """Effective time of the newest bar."""


class Merge:
    """The inputs of all symbols of one partition number."""

    def __init__(self, side_topics: tuple[str, ...]) -> None:
        self.side_topics = side_topics
        self.symbols: dict[str, SymbolInputs] = {}
        self.clocks: dict[tuple[str, str], TopicClock] = {}
        """By (topic, symbol); symbol "" is what a source says of all its symbols."""
        self._stirred: dict[str, None] = {}

    def add_clock(self, topic: str, at: int, symbols: tuple[str, ...], *, idle: bool) -> list[str]:
        """Note how far a topic has told; return the symbols whose clock moved ("" for all)."""
        moved = []
        for symbol in symbols or ("",):
            before = self.told(topic, symbol)
            if at <= before:
                continue
            clock = self.clocks.setdefault((topic, symbol), TopicClock())
            clock.told = at
            if idle:
                _extend(clock.silences, before, at)
            moved.append(symbol)
        stirred = self.symbols if "" in moved else moved
        self._stirred.update(dict.fromkeys(stirred))
        return moved

    def add_side(self, topic: str, offset: int, event: SideEvent) -> Side:
        """Note an action, a news item or a post."""
        told = self.told(topic, event.symbol)
        side = Side(max(event.available_at, told + 1), self.side_topics.index(topic), offset, event)
        heappush(self.symbols.setdefault(event.symbol, SymbolInputs()).sides, side)
        if side.effective_at - 1 > told:
            self.clocks.setdefault((topic, event.symbol), TopicClock()).told = side.effective_at - 1
        self._stirred[event.symbol] = None
        return side

    def add_bar(self, offset: int, event: BarClosed) -> WaitingBar:
        """Note a bar."""
        inputs = self.symbols.setdefault(event.symbol, SymbolInputs())
        inputs.bars_at = max(inputs.bars_at, event.available_at)
        bar = WaitingBar(inputs.bars_at, offset, event)
        inputs.bars.append(bar)
        self._stirred[event.symbol] = None
        return bar

    def told(self, topic: str, symbol: str) -> int:
        """Return how far a topic has told of a symbol, declared silence included."""
        own = self.clocks.get((topic, symbol))
        general = self.clocks.get((topic, ""))
        return max(own.told if own else NEVER, general.told if general else NEVER)

    def ready(self) -> Iterator[Ready]:
        """Take the bars whose time has come, in order for each symbol."""
        stirred, self._stirred = self._stirred, {}
        for symbol in stirred:
            inputs = self.symbols.get(symbol)
            while inputs is not None and inputs.bars:
                bar = inputs.bars[0]
                if any(self.told(topic, symbol) < bar.effective_at for topic in self.side_topics):
                    break
                inputs.bars.popleft()
                sides = []
                while inputs.sides and inputs.sides[0].effective_at <= bar.effective_at:
                    sides.append(heappop(inputs.sides))
                silent = tuple(topic for topic in self.side_topics if self._was_silent(topic, symbol, bar.effective_at))
                yield Ready(bar, sides, silent)

    def waiting_for(self) -> dict[str, dict[str, int]]:
        """Return, by side topic and symbol, up to which time a bar waits for it; empty where none waits."""
        waits: dict[str, dict[str, int]] = {}
        for symbol, inputs in self.symbols.items():
            if inputs.bars:
                for topic in self.side_topics:
                    if self.told(topic, symbol) < inputs.bars[0].effective_at:
                        waits.setdefault(topic, {})[symbol] = inputs.bars[-1].effective_at
        return waits

    def _was_silent(self, topic: str, symbol: str, at: int) -> bool:
        return any((clock := self.clocks.get((topic, s))) is not None and clock.was_silent(at) for s in (symbol, ""))


def _extend(silences: list[tuple[int, int]], after: int, until: int) -> None:
    """Add a span of silence, joined to the one before where nothing was told between them; the oldest are forgotten."""
    if silences and silences[-1][1] == after:
        silences[-1] = (silences[-1][0], until)
    else:
        silences.append((after, until))
    del silences[:-SILENCES_KEPT]

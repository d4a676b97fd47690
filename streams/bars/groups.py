"""The groups: one for each (source, symbol), with its watermark. Names become numbers, so that a chunk of ticks is a few arrays."""

from collections.abc import Iterable

import numpy as np

from streams.bars.arrays import NEVER, Flags, Ints, grown


class Names:
    """Numbers names in the order in which they are first seen."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.names)

    def number(self, name: str) -> int:
        """Return the number of a name; a new one where it is new."""
        number = self._numbers.setdefault(name, len(self.names))
        if number == len(self.names):
            self.names.append(name)
        return number

    def keep(self, used: Iterable[int]) -> Ints:
        """Forget all names but the used ones; return the new number of each old number, -1 where it is forgotten."""
        renumbered = np.full(len(self.names), -1, np.int64)
        old, self.names, self._numbers = self.names, [], {}
        for number in used:
            renumbered[number] = self.number(old[number])
        return renumbered


class Groups:
    """Watermarks by group number. A group's watermark is never behind the clock of its source."""

    def __init__(self) -> None:
        self.sources: list[str] = []
        self.symbols: list[str] = []
        self.clocks: dict[str, int] = {}
        """How far each source has told of all its symbols."""
        self.clocks_changed: set[str] = set()
        self.watermark: Ints = np.full(16, NEVER, np.int64)
        self.dropped_until: Ints = np.full(16, NEVER, np.int64)
        """Closed bars that end up to here are forgotten: what is older cannot be corrected, whatever the settings say now."""
        self.changed: Flags = np.zeros(16, np.bool_)
        self.newest = NEVER
        """The most advanced watermark of any group or source."""
        self._numbers: dict[tuple[str, str], int] = {}
        self._of_source: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self.symbols)

    def number(self, source: str, symbol: str) -> int:
        """Return the number of a group; a new one, as far as its source's clock, where it is new."""
        number = self._numbers.get((source, symbol))
        if number is not None:
            return number
        number = self._numbers[source, symbol] = len(self.symbols)
        self.sources.append(source)
        self.symbols.append(symbol)
        self._of_source.setdefault(source, []).append(number)
        if number == len(self.watermark):
            self.watermark = grown(self.watermark, 2 * number, NEVER)
            self.dropped_until = grown(self.dropped_until, 2 * number, NEVER)
            self.changed = grown(self.changed, 2 * number, 0)
        self.watermark[number] = self.clocks.get(source, NEVER)
        return number

    def advance(self, groups: Ints, watermarks: Ints) -> None:
        """Set the watermarks of groups that had ticks."""
        self.watermark[groups] = watermarks
        self.changed[groups] = True
        self.newest = max(self.newest, int(watermarks.max()))

    def advance_clock(self, source: str, at: int, symbols: Iterable[str] = ()) -> Ints:
        """Take over how far a source has told (of all symbols where none are named); return the groups whose watermark moved."""
        named = [self.number(source, symbol) for symbol in symbols]
        groups = np.array(named or self._of_source.get(source, []), np.int64)
        if not named and at > self.clocks.get(source, NEVER):
            self.clocks[source] = at
            self.clocks_changed.add(source)
        moved = groups[self.watermark[groups] < at]
        self.watermark[moved] = at
        if named:
            self.changed[moved] = True  # a clock of the whole source is kept once, not in each of its groups
        self.newest = max(self.newest, at)
        return moved

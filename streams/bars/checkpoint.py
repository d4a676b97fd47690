"""What of the bars agent has changed, as state records, and back."""

from collections.abc import Mapping, Sequence

import numpy as np

from streams.bars.arrays import NEVER, Floats, Ints
from streams.bars.closed import ClosedBars
from streams.bars.groups import Groups, Names
from streams.bars.pool import CLOSED, NOWHERE, OPEN
from streams.bars.state import (
    FLOAT_FIELDS,
    INT_FIELDS,
    StateError,
    StoredGroup,
    StoredWindows,
    pack_clock,
    pack_group,
    pack_windows,
    unpack_clock,
    unpack_group,
    unpack_windows,
)
from streams.bars.windows import Windows

_OPEN_KEY, _CLOSED_KEY, _CLOCK_KEY = b"open/", b"closed/", b"clock/"
_SOURCE, _SYMBOL, _LENGTH = (INT_FIELDS.index(name) for name in ("source", "symbol", "length"))
_RECORDINGS = [INT_FIELDS.index("first_recording"), INT_FIELDS.index("last_recording")]
_POOLED = [(place, name) for place, name in enumerate(INT_FIELDS) if name not in ("source", "symbol", "length", "start")]
"""The integer columns that a restored window takes over as they are."""


class Checkpoints:
    """Reads and writes the state of one fold."""

    def __init__(self, groups: Groups, recordings: Names, windows: Windows, closed: ClosedBars) -> None:
        self._groups = groups
        self._recordings = recordings
        self._windows = windows
        self._closed = closed
        self._lengths: list[int] = windows.lengths.tolist()

    def changes(self) -> dict[bytes, bytes | None]:
        """Return the state records that changed since the last call; None where one is gone."""
        changes: dict[bytes, bytes | None] = {}
        for source in sorted(self._groups.clocks_changed):
            changes[_CLOCK_KEY + source.encode()] = pack_clock(self._groups.clocks[source])
        self._groups.clocks_changed.clear()
        changes.update(self._changed_groups())
        for batch, rows in self._closed.unsaved_batches().items():
            changes[_batch_key(batch)] = pack_windows(self._stored(rows))
        for batch in self._closed.spent_batches():
            changes[_batch_key(batch)] = None
        return changes

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Take over what the last owner committed; StateError where it is not ours to read."""
        kinds = {_OPEN_KEY: list[bytes](), _CLOSED_KEY: list[bytes](), _CLOCK_KEY: list[bytes]()}
        for key in state:
            kind = key[: key.find(b"/") + 1]
            if kind not in kinds:
                raise StateError(f"expected a key of open, closed or clock, found {key!r}")
            kinds[kind].append(key)
        for key in kinds[_CLOCK_KEY]:
            source, at = key.removeprefix(_CLOCK_KEY).decode(), unpack_clock(state[key])
            self._groups.clocks[source] = at
            self._groups.newest = max(self._groups.newest, at)
        for key in sorted(kinds[_CLOSED_KEY]):
            rows = self._load(unpack_windows(state[key]), CLOSED)
            self._closed.restore_batch(int(key.removeprefix(_CLOSED_KEY), 16), rows)
        for key in sorted(kinds[_OPEN_KEY]):
            self._restore_group(key, unpack_group(state[key]))
        self._reopen()
        self._closed.restore_latest()

    # -- to bytes -----------------------------------------------------------------------------------------------------

    def _changed_groups(self) -> dict[bytes, bytes]:
        changed = np.flatnonzero(self._groups.changed[: len(self._groups)])
        self._groups.changed[changed] = False
        if not len(changed):
            return {}
        pool = self._windows.pool
        rows = self._windows.open_rows()
        group = pool.slot[rows] // self._windows.intervals
        rows = rows[np.isin(group, changed)]
        rows = rows[np.lexsort((pool.start[rows], pool.slot[rows]))]
        group = pool.slot[rows] // self._windows.intervals
        ints, floats = self._columns(rows)
        ints[:, _SOURCE], ints[:, _SYMBOL] = 0, 1
        recordings = ints[:, _RECORDINGS].tolist()
        begins = np.searchsorted(group, changed).tolist()
        ends = np.searchsorted(group, changed, side="right").tolist()
        packed = {}
        for number, begin, end in zip(changed.tolist(), begins, ends, strict=True):
            strings = self._localise(ints, recordings, begin, end)
            names = [self._groups.sources[number], self._groups.symbols[number], *strings]
            windows = StoredWindows(names, ints[begin:end], floats[begin:end])
            packed[_group_key(names[0], names[1])] = pack_group(self._stored_group(number, windows))
        return packed

    def _localise(self, ints: Ints, recordings: Sequence[Sequence[int]], begin: int, end: int) -> list[str]:
        """Put places in the group's own table of strings, after source and symbol, in place of recordings; return the strings."""
        used = sorted({number for pair in recordings[begin:end] for number in pair})
        local = {number: place for place, number in enumerate(used, start=2)}
        if begin < end:
            ints[begin:end, _RECORDINGS] = [[local[first], local[last]] for first, last in recordings[begin:end]]
        return [self._recording(number) for number in used]

    def _stored_group(self, number: int, windows: StoredWindows) -> StoredGroup:
        slots = enumerate(self._lengths, start=number * len(self._lengths))
        forgotten = self._closed.forgotten_price
        prices = {length: forgotten[slot] for slot, length in slots if slot in forgotten}
        return StoredGroup(int(self._groups.watermark[number]), int(self._groups.dropped_until[number]), prices, windows)

    def _stored(self, rows: Ints) -> StoredWindows:
        """Return windows of any groups."""
        ints, floats = self._columns(rows)
        groups, group = np.unique(self._windows.pool.slot[rows] // self._windows.intervals, return_inverse=True)
        recordings, recording = np.unique(ints[:, _RECORDINGS], return_inverse=True)
        ints[:, _SOURCE], ints[:, _SYMBOL] = group, len(groups) + group
        ints[:, _RECORDINGS] = 2 * len(groups) + recording.reshape(-1, 2)
        strings = [self._groups.sources[number] for number in groups.tolist()]
        strings += [self._groups.symbols[number] for number in groups.tolist()]
        strings += [self._recording(number) for number in recordings.tolist()]
        return StoredWindows(strings, ints, floats)

    def _columns(self, rows: Ints) -> tuple[Ints, Floats]:
        pool = self._windows.pool
        ints = np.empty((len(rows), len(INT_FIELDS)), np.int64)
        ints[:, _LENGTH] = self._windows.lengths[pool.slot[rows] % self._windows.intervals]
        ints[:, INT_FIELDS.index("start")] = pool.start[rows]
        for place, name in _POOLED:
            ints[:, place] = getattr(pool, name)[rows]
        return ints, np.stack([getattr(pool, name)[rows] for name in FLOAT_FIELDS], axis=1)

    def _recording(self, number: int) -> str:
        return "" if number == NOWHERE else self._recordings.names[number]

    # -- and back -----------------------------------------------------------------------------------------------------

    def _restore_group(self, key: bytes, stored: StoredGroup) -> None:
        source, symbol = stored.windows.strings[:2]
        if key != _group_key(source, symbol):
            raise StateError(f"expected the state of {source} and {symbol} under their key, found it under {key!r}")
        number = self._groups.number(source, symbol)
        self._groups.watermark[number] = max(stored.watermark, self._groups.clocks.get(source, NEVER))
        self._groups.newest = max(self._groups.newest, stored.watermark)
        self._groups.dropped_until[number] = stored.dropped_until
        for length, price in stored.forgotten_prices.items():
            if length in self._lengths:
                self._closed.forgotten_price[number * len(self._lengths) + self._lengths.index(length)] = price
        self._load(stored.windows, OPEN)

    def _load(self, stored: StoredWindows, status: int) -> list[int]:
        """Put stored windows into the pool, over what an older record said of them; return their rows.

        Windows of an interval that is not built any more are left out.
        """
        pool, strings = self._windows.pool, stored.strings
        known = np.isin(stored.ints[:, _LENGTH], self._windows.lengths)
        ints, floats = stored.ints[known], stored.floats[known]
        rows = []
        for source, symbol, length, start in ints[:, [_SOURCE, _SYMBOL, _LENGTH, INT_FIELDS.index("start")]].tolist():
            group = self._groups.number(strings[source], strings[symbol])
            slot = group * len(self._lengths) + self._lengths.index(length)
            row = self._windows.index.get((slot, start))
            if row is None:
                row = self._windows.insert(slot, start, status)
            elif status == OPEN:
                self._windows.reopen(row)
            rows.append(row)
        names = [self._recordings.number(text) if text else NOWHERE for text in strings]
        ints[:, _RECORDINGS] = np.array(names, np.int64)[ints[:, _RECORDINGS]]
        for place, name in _POOLED:
            getattr(pool, name)[rows] = ints[:, place]
        for place, name in enumerate(FLOAT_FIELDS):
            getattr(pool, name)[rows] = floats[:, place]
        return rows

    def _reopen(self) -> None:
        """Open closed windows that are not due any more: the allowed lateness is longer than it was for the last owner."""
        pool = self._windows.pool
        rows = np.flatnonzero(pool.status == CLOSED)
        group = pool.slot[rows] // self._windows.intervals
        for row in rows[pool.deadline[rows] > self._groups.watermark[group]].tolist():
            self._windows.reopen(row)


def _group_key(source: str, symbol: str) -> bytes:
    return _OPEN_KEY + source.encode() + b"/" + symbol.encode()


def _batch_key(batch: int) -> bytes:
    return _CLOSED_KEY + b"%016x" % batch

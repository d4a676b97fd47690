"""Which window a tick belongs to, and what it does to that window."""

from typing import NamedTuple

import numpy as np

from streams.bars.arrays import NEVER, Flags, Ints, grown
from streams.bars.columns import Ticks
from streams.bars.pool import CLOSED, OPEN, WindowPool

_LAST_RANK = np.iinfo(np.int64).max


class Window(NamedTuple):
    """What a window holds at a moment, as plain numbers."""

    slot: int
    start: int
    trades: int
    revision: int
    first_sequence: int
    first_recording: int
    last_sequence: int
    last_recording: int
    volume: float
    notional: float
    eligible_size: float
    high: float
    low: float
    first_price: float
    last_price: float


class Windows:
    """Open and kept windows of all groups and intervals."""

    def __init__(self, lengths: Ints, lateness_us: int) -> None:
        self.lengths = lengths
        self.lateness_us = lateness_us
        self.intervals = len(lengths)
        self.pool = WindowPool()
        self.index: dict[tuple[int, int], int] = {}
        """Row by slot and start."""
        self.version = 0
        """Changes whenever other windows are open."""
        self._places = np.arange(self.intervals)[:, None]
        self._open: Ints = np.empty(0, np.int64)
        self._opened: list[int] = []
        # Scratch: by row, where its first and last tick of a run stand in the order of time.
        self._first: Ints = np.empty(0, np.int64)
        self._last: Ints = np.empty(0, np.int64)
        # The newest window of each slot: most ticks belong there and need no look-up.
        self._newest_start: Ints = np.empty(0, np.int64)
        self._newest_row: Ints = np.empty(0, np.int64)

    def starts(self, event_time: Ints) -> Ints:
        """Return the start of each tick's window, by interval and tick."""
        starts: Ints = event_time - event_time % self.lengths[:, None]
        return starts

    def rows(self, ticks: Ticks, starts: Ints, counted: Flags | None) -> Ints:
        """Return the row of each tick's window, by interval and tick; opens windows. Meaningless where a tick does not count."""
        slots = ticks.group * self.intervals + self._places
        self._reserve(int(slots[-1].max()) + 1)
        rows: Ints = self._newest_row[slots]
        missed = self._newest_start[slots] != starts
        if counted is not None:
            missed &= counted
        places = np.flatnonzero(missed)
        if len(places):
            wanted = zip(slots.ravel()[places].tolist(), starts.ravel()[places].tolist(), strict=True)
            np.put(rows, places, [self._open_row(slot, start) for slot, start in wanted])
        return rows

    def add(self, ticks: Ticks, rank: Ints, rows: Ints, counted: Flags | None) -> None:
        """Add ticks to their windows, all sums in the order of arrival; rank is each tick's place by (event time, sequence)."""
        pool = self.pool
        tick = np.broadcast_to(np.arange(len(ticks)), rows.shape)
        flat, tick = (rows.ravel(), tick.ravel()) if counted is None else (rows[counted], tick[counted])
        np.add.at(pool.volume, flat, ticks.size[tick])
        if not ticks.eligible.all():
            eligible = ticks.eligible[tick]
            flat, tick = flat[eligible], tick[eligible]
        price = ticks.price[tick]
        np.add.at(pool.notional, flat, (ticks.price * ticks.size)[tick])
        np.add.at(pool.eligible_size, flat, ticks.size[tick])
        np.maximum.at(pool.high, flat, price)
        np.minimum.at(pool.low, flat, price)
        rank = rank[tick]
        if len(self._first) < len(pool):
            self._first = np.full(len(pool), _LAST_RANK, np.int64)
            self._last = np.full(len(pool), -1, np.int64)
        np.minimum.at(self._first, flat, rank)
        np.maximum.at(self._last, flat, rank)
        is_first, is_last = self._first[flat] == rank, self._last[flat] == rank
        self._first[flat], self._last[flat] = _LAST_RANK, -1
        self._set_first(ticks, flat[is_first], tick[is_first])
        self._set_last(ticks, flat[is_last], tick[is_last])
        np.add.at(pool.trades, flat, 1)

    def correct(self, ticks: Ticks, place: int, slot: int, start: int) -> tuple[int, Window]:
        """Add one tick to its closed window, which it begins if there is none; return the row and what the window holds now."""
        row = self.index.get((slot, start))
        if row is None:
            row = self.insert(slot, start, CLOSED)
        ints, floats = self.pool.get(row)
        price, size = float(ticks.price[place]), float(ticks.size[place])
        floats["volume"] += size
        if ticks.eligible[place]:
            floats["notional"] += price * size
            floats["eligible_size"] += size
            floats["high"] = max(floats["high"], price)
            floats["low"] = min(floats["low"], price)
            time, sequence = at = int(ticks.event_time[place]), int(ticks.sequence[place])
            recording = int(ticks.recording[place])
            if not ints["trades"] or at < (ints["first_time"], ints["first_sequence"]):
                ints |= {"first_time": time, "first_sequence": sequence, "first_recording": recording}
                floats["first_price"] = price
            if not ints["trades"] or at >= (ints["last_time"], ints["last_sequence"]):
                ints |= {"last_time": time, "last_sequence": sequence, "last_recording": recording}
                floats["last_price"] = price
            ints["trades"] += 1
        self.pool.put(row, ints, floats)
        fields = ints | floats
        return row, Window(*[fields[name] for name in Window._fields])  # type: ignore[arg-type]  # each is of its column's type

    def due(self, watermark: Ints, within: Flags) -> Ints:
        """Close and return the open windows of some groups whose deadline the watermark has reached."""
        if self._opened:
            self._open = np.append(self._open, np.array(self._opened, np.int64))
            self._opened.clear()
        group = self.pool.slot[self._open] // self.intervals
        due = within[group] & (self.pool.deadline[self._open] <= watermark[group])
        rows: Ints = self._open[due]
        if len(rows):
            self._open = self._open[~due]
            self.version += 1
            self.pool.status[rows] = CLOSED
        return rows

    def open_rows(self) -> Ints:
        """Return the rows of all open windows."""
        return np.append(self._open, np.array(self._opened, np.int64))

    def insert(self, slot: int, start: int, status: int) -> int:
        """Return the row of a new window."""
        deadline = start + int(self.lengths[slot % self.intervals]) + self.lateness_us
        row = self.index[slot, start] = self.pool.new(slot, start, deadline, status)
        if status == OPEN:
            self._opened.append(row)
            self.version += 1
        return row

    def reopen(self, row: int) -> None:
        """Open a closed window again."""
        self.pool.status[row] = OPEN
        self._opened.append(row)
        self.version += 1

    def read(self, rows: Ints) -> list[Window]:
        """Return what windows hold now."""
        return list(map(Window._make, zip(*(getattr(self.pool, name)[rows].tolist() for name in Window._fields), strict=True)))

    def _open_row(self, slot: int, start: int) -> int:
        row = self.index.get((slot, start))
        if row is None:
            row = self.insert(slot, start, OPEN)
        if start > self._newest_start[slot]:
            self._newest_start[slot], self._newest_row[slot] = start, row
        return row

    def _reserve(self, slots: int) -> None:
        if slots > len(self._newest_start):
            self._newest_start = grown(self._newest_start, 2 * slots, 2 * NEVER)
            self._newest_row = grown(self._newest_row, 2 * slots, 0)

    def _set_first(self, ticks: Ticks, rows: Ints, places: Ints) -> None:
        pool = self.pool
        time, sequence = ticks.event_time[places], ticks.sequence[places]
        earlier = _before(time, sequence, pool.first_time[rows], pool.first_sequence[rows]) | (pool.trades[rows] == 0)
        rows, places = rows[earlier], places[earlier]
        pool.first_time[rows] = time[earlier]
        pool.first_sequence[rows] = sequence[earlier]
        pool.first_recording[rows] = ticks.recording[places]
        pool.first_price[rows] = ticks.price[places]

    def _set_last(self, ticks: Ticks, rows: Ints, places: Ints) -> None:
        pool = self.pool
        time, sequence = ticks.event_time[places], ticks.sequence[places]
        # Of two at the same place of the same time the one that arrived last is the last.
        later = ~_before(time, sequence, pool.last_time[rows], pool.last_sequence[rows]) | (pool.trades[rows] == 0)
        rows, places = rows[later], places[later]
        pool.last_time[rows] = time[later]
        pool.last_sequence[rows] = sequence[later]
        pool.last_recording[rows] = ticks.recording[places]
        pool.last_price[rows] = ticks.price[places]


def _before(time: Ints, sequence: Ints, other_time: Ints, other_sequence: Ints) -> Flags:
    before: Flags = (time < other_time) | ((time == other_time) & (sequence < other_sequence))
    return before

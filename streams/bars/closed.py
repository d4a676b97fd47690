"""Closed bars, kept as long as a late tick may correct them, and what was saved of them in which checkpoint record."""

import numpy as np

from streams.bars.arrays import Ints
from streams.bars.groups import Groups
from streams.bars.pool import CLOSED, NOWHERE
from streams.bars.windows import Windows

BATCH_ROWS = 2_000
"""Windows in one checkpoint record at the most: about 300 kB."""
_SWEEP_AT_LEAST = 1_024


class ClosedBars:
    """Knows the closed windows: the last price before a window, what is too old to keep, what is not saved yet."""

    def __init__(self, windows: Windows, groups: Groups, kept_window_us: int) -> None:
        self._windows = windows
        self._groups = groups
        self._kept_window_us = kept_window_us
        self.forgotten_price: dict[int, float] = {}
        """By slot: the last price of the windows that are not kept any more."""
        self._latest: dict[int, int] = {}
        """By slot: the row of its latest closed window that has a price."""
        self._unsaved: dict[int, None] = {}
        self._live: dict[int, int] = {}
        """By checkpoint record: for how many windows it is the newest word."""
        self._spent: list[int] = []
        self._next_batch = 0
        self._since_sweep = 0

    def note(self, row: int, slot: int, start: int, *, priced: bool) -> None:
        """Take a window over that has closed or was corrected."""
        self._unsaved[row] = None
        self._since_sweep += 1
        if priced:
            latest = self._latest.get(slot)
            if latest is None or self._windows.pool.start[latest] <= start:
                self._latest[slot] = row

    def price_before(self, slot: int, start: int) -> float | None:
        """Return the last price of the closed windows before a start; None where there was none yet."""
        pool = self._windows.pool
        latest = self._latest.get(slot)
        if latest is not None and pool.start[latest] >= start:  # a late tick looks back: rare
            rows = np.flatnonzero((pool.status == CLOSED) & (pool.slot == slot) & (pool.start < start) & (pool.trades > 0))
            latest = int(rows[np.argmax(pool.start[rows])]) if len(rows) else None
        return self.forgotten_price.get(slot) if latest is None else float(pool.last_price[latest])

    def sweep(self) -> bool:
        """Forget what no tick may correct any more, once enough has closed to make looking worth while; return whether it looked.

        What is forgotten later than it could be changes no output: a tick that old is too late in any case.
        """
        pool = self._windows.pool
        if self._since_sweep < max(_SWEEP_AT_LEAST, len(self._windows.index) // 4):
            return False
        self._since_sweep = 0
        rows = np.flatnonzero(pool.status == CLOSED)
        group = pool.slot[rows] // self._windows.intervals
        ends = pool.deadline[rows] - self._windows.lateness_us
        old = ends + self._kept_window_us <= self._groups.watermark[group]
        rows, group = rows[old], group[old]
        np.maximum.at(self._groups.dropped_until, group, ends[old])
        self._groups.changed[group] = True
        self._forget(rows[np.argsort(pool.start[rows], kind="stable")])
        return True

    def _forget(self, rows: Ints) -> None:
        pool = self._windows.pool
        columns = (rows, pool.slot[rows], pool.start[rows], pool.trades[rows], pool.last_price[rows])
        for row, slot, start, trades, price in zip(*(column.tolist() for column in columns), strict=True):
            del self._windows.index[slot, start]
            self._unsaved.pop(row, None)
            if trades:
                self.forgotten_price[slot] = price
                if self._latest.get(slot) == row:
                    del self._latest[slot]
        self._supersede(rows)
        pool.free(rows)

    def unsaved_batches(self) -> dict[int, Ints]:
        """Return what has closed or was corrected since the last call, by the number of the record that is to hold it."""
        rows = np.fromiter(self._unsaved, np.int64, len(self._unsaved))
        self._unsaved.clear()
        self._supersede(rows)
        batches = {}
        for begin in range(0, len(rows), BATCH_ROWS):
            part = rows[begin : begin + BATCH_ROWS]
            self._windows.pool.batch[part] = self._next_batch
            self._live[self._next_batch] = len(part)
            batches[self._next_batch] = part
            self._next_batch += 1
        return batches

    def spent_batches(self) -> list[int]:
        """Return the records that say nothing any more, once."""
        spent, self._spent = self._spent, []
        return spent

    def restore_batch(self, batch: int, rows: list[int]) -> None:
        """Take a record of an earlier owner over, oldest record first; its windows are in the pool."""
        windows = np.array(rows, np.int64)
        self._supersede(windows)
        self._windows.pool.batch[windows] = batch
        self._live[batch] = len(rows)
        if not rows:
            self._spent.append(batch)
        self._next_batch = max(self._next_batch, batch + 1)

    def restore_latest(self) -> None:
        """Find the latest priced window of each slot, after all windows were restored."""
        pool = self._windows.pool
        rows = np.flatnonzero((pool.status == CLOSED) & (pool.trades > 0))
        rows = rows[np.argsort(pool.start[rows], kind="stable")]
        self._latest = dict(zip(pool.slot[rows].tolist(), rows.tolist(), strict=True))
        self._since_sweep = len(self._windows.index)

    def _supersede(self, rows: Ints) -> None:
        batches = self._windows.pool.batch[rows]
        numbers, counts = np.unique(batches[batches != NOWHERE], return_counts=True)
        for batch, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            self._live[batch] -= count
            if not self._live[batch]:
                del self._live[batch]
                self._spent.append(batch)

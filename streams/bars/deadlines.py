"""Whether ticks close a bar, told from a few of their bytes."""

from collections.abc import Mapping, Sequence

import numpy as np

from schemas.tick_columns import sortable_time, time_of_tick, wire_prefix
from streams.bars.groups import Groups
from streams.bars.windows import Windows
from streams.fold import InputRecord

_NEVER_REACHED = np.iinfo(np.int64).max


class Deadlines:
    """By symbol, the event time with which a tick would close a bar next."""

    def __init__(self, windows: Windows, groups: Groups, schema_id: int) -> None:
        self._windows = windows
        self._groups = groups
        self._prefix = wire_prefix(schema_id)
        self._version = -1
        self._next: Mapping[bytes | None, bytes] = {}
        """By key of the record: the soonest deadline in the form of ``sortable_time``."""

    def none_reached(self, records: Sequence[InputRecord]) -> bool:
        """Return whether all records are ticks of known symbols, and none reaches a deadline of its symbol."""
        if self._version != self._windows.version:
            self._next, self._version = self._soonest(), self._windows.version
        for record in records:
            value, deadline = record.value, self._next.get(record.key)
            if deadline is None or value is None or not value.startswith(self._prefix) or time_of_tick(value) >= deadline:
                return False
        return True

    def _soonest(self) -> Mapping[bytes | None, bytes]:
        pool, rows = self._windows.pool, self._windows.open_rows()
        soonest = np.full(len(self._groups), _NEVER_REACHED, np.int64)
        np.minimum.at(soonest, pool.slot[rows] // self._windows.intervals, pool.deadline[rows])
        found: dict[bytes | None, int] = {}
        for symbol, deadline in zip(self._groups.symbols, soonest.tolist(), strict=True):
            key = symbol.encode()
            found[key] = min(deadline, found.get(key, deadline))
        return {key: sortable_time(deadline) for key, deadline in found.items() if deadline != _NEVER_REACHED}

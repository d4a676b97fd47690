"""Fetched records that wait for company, because folding them a little later keeps nobody waiting."""

from collections.abc import Callable, Mapping
from typing import Any

from faust.types import TP

HOLD_S = 0.05
HOLD_RECORDS = 500

Records = list[Any]


class Company:
    """Puts the small fetches of a partition together.

    A trickle of ticks comes as hundreds of fetches a second with a handful of records each, and a chunk costs the same for 5
    records as for 500. Those that ``may_wait`` are kept for ``HOLD_S`` at the most; the first that may not takes them along.
    """

    def __init__(self, may_wait: Callable[[TP, Records], bool]) -> None:
        self._may_wait = may_wait
        self._waiting: dict[TP, tuple[float, Records]] = {}

    def join(self, fetched: Mapping[TP, Records], now_s: float) -> dict[TP, Records]:
        """Take fetched records in; return what is to be handed out now, in order of offsets."""
        due = {}
        for tp, records in fetched.items():
            until_s, together = self._together(tp, records, now_s)
            if len(together) < HOLD_RECORDS and self._may_wait(tp, records):
                self._waiting[tp] = until_s, together
            else:
                self._waiting.pop(tp, None)
                due[tp] = together
        for tp in [tp for tp, (until_s, _) in self._waiting.items() if until_s <= now_s]:
            due[tp] = self._waiting.pop(tp)[1]
        return due

    def patience_s(self, now_s: float, longest_s: float) -> float:
        """Return how long the next fetch may take before somebody has waited long enough."""
        until_s = min((until_s for until_s, _ in self._waiting.values()), default=now_s + longest_s)
        return min(longest_s, max(0.0, until_s - now_s))

    def forget(self, tp: TP) -> None:
        """Forget what waits of a partition: it is read again from elsewhere, or by somebody else."""
        self._waiting.pop(tp, None)

    def _together(self, tp: TP, records: Records, now_s: float) -> tuple[float, Records]:
        until_s, waiting = self._waiting.get(tp, (now_s + HOLD_S, []))
        if waiting and records[0].offset <= waiting[-1].offset:
            return until_s, records  # the partition was read again from further back
        return until_s, [*waiting, *records]

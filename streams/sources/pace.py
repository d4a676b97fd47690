"""How fast a recording is told: as fast as it goes, or N times as fast as it happened."""

import threading
import time
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Pace(Protocol):
    """Decides how many of the next events are written now."""

    def take(self, due: NDArray[np.int64]) -> int:
        """Return how many of the events, whose due times never go back, are written now; may wait. 0: told to stop."""


class FullSpeed:
    """Writes large transactions, one after the other."""

    def __init__(self, stop: threading.Event, records_max: int = 50_000) -> None:
        self._stop = stop
        self._records_max = records_max

    def take(self, due: NDArray[np.int64]) -> int:
        """Return as many events as a transaction holds."""
        return 0 if self._stop.is_set() else min(len(due), self._records_max)


class Paced:
    """Writes what has become due, in transactions at least ``interval_s`` apart."""

    def __init__(self, stop: threading.Event, speed: float, interval_s: float = 0.075, records_max: int = 50_000) -> None:
        if not speed > 0:
            raise ValueError(f"expected a speed above 0, found {speed}")
        self._stop = stop
        self._us_per_s = speed * 1_000_000
        self._interval_s = interval_s
        self._records_max = records_max
        self._began: tuple[float, int] | None = None
        self._next_s = 0.0

    def take(self, due: NDArray[np.int64]) -> int:
        """Wait until the first event is due, then return all that are due by then."""
        if self._began is None:
            self._began = (time.monotonic(), int(due[0]))
        began_s, began_at = self._began
        first_due_s = began_s + (int(due[0]) - began_at) / self._us_per_s
        wait_s = max(first_due_s, self._next_s) - time.monotonic()
        if self._stop.wait(wait_s) if wait_s > 0 else self._stop.is_set():
            return 0
        now_s = time.monotonic()
        self._next_s = now_s + self._interval_s
        reached = began_at + int((now_s - began_s) * self._us_per_s)
        return max(1, min(self._records_max, int(np.searchsorted(due, reached, "right"))))

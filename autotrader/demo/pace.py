"""How fast the demo tells what it held back: a trading day in a few seconds, ticks some tens of times as fast as they happened."""

import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from streams.sources.pace import Pace


class DayByDay:
    """Writes all bars of one time at once, then waits: nights and weekends cost nothing."""

    def __init__(self, stop: threading.Event, seconds: float) -> None:
        if not seconds >= 0:
            raise ValueError(f"expected 0 seconds or more for a trading day, found {seconds}")
        self._stop = stop
        self._seconds = seconds
        self._day: int | None = None
        self._next_s = 0.0

    def take(self, due: NDArray[np.int64]) -> int:
        """Return how many events are due at the first one's time; waits before another time begins. 0: told to stop."""
        day = int(due[0])
        if self._stop.is_set():
            return 0
        if day != self._day:
            wait_s = self._next_s - time.monotonic()
            if self._day is not None and wait_s > 0 and self._stop.wait(wait_s):
                return 0
            self._day = day
            self._next_s = time.monotonic() + self._seconds
        return int(np.searchsorted(due, day, "right"))


class Noted:
    """Another pace, whose progress somebody wants to know."""

    def __init__(self, pace: Pace, note: Callable[[int], None]) -> None:
        self._pace = pace
        self._note = note

    def take(self, due: NDArray[np.int64]) -> int:
        """Return what the other pace says, and note the time of the last event of it."""
        taken = self._pace.take(due)
        if taken:
            self._note(int(due[taken - 1]))
        return taken

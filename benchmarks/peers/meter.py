"""Counts events and ends the process when enough were seen; prints the rate between the first and the last one."""

import os
import time


class Meter:
    """Counts; the first call starts the clock, so that neither start-up nor joining the group is counted."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._seen = 0
        self._first = 0
        self._began = 0.0

    def add(self, count: int) -> None:
        """Note events that were decoded."""
        if not self._began:
            self._began, self._first = time.perf_counter(), count
        self._seen += count
        if self._seen >= self._wanted:
            seconds = time.perf_counter() - self._began
            print((self._seen - self._first) / seconds, flush=True)
            os._exit(0)

"""Ctrl-C: the first one ends the demo in order, the second one at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

EXIT_INTERRUPTED = 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Interrupts:
    """What signals do to this process."""

    stop: threading.Event
    """Set by the first one."""
    children: Callable[[], Iterable[int]]
    """The processes to be killed by the second one."""
    is_ending: bool = False
    """The demo ends by itself already: the first signal changes nothing."""
    count: int = 0

    def told(self, _number: int, _frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt in the main thread at the first signal; at the second kill the children and leave.

        The embedded stack needs no killing: its watchdog takes it down when this process is gone.
        """
        self.count += 1
        if self.count > 1:
            for pid in self.children():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os._exit(EXIT_INTERRUPTED)
        self.stop.set()
        if not self.is_ending:
            self.is_ending = True
            raise KeyboardInterrupt


@contextmanager
def interrupts(stop: threading.Event, children: Callable[[], Iterable[int]]) -> Iterator[Interrupts]:
    """Listen to signals for the body."""
    handling = Interrupts(stop, children)
    before = {number: signal.signal(number, handling.told) for number in _SIGNALS}
    try:
        yield handling
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

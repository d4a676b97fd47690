"""Ctrl-C: the first one ends the demo in order, the second one at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

EXIT_INTERRUPTED = 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def interrupts(stop: threading.Event, children: Callable[[], list[int]]) -> Iterator[None]:
    """Set ``stop`` and raise KeyboardInterrupt in the main thread at the first signal; at the second kill the children and leave.

    The embedded stack needs no killing: its watchdog takes it down when this process is gone.
    """

    def told(_number: int, _frame: FrameType | None) -> None:
        if not stop.is_set():
            stop.set()
            raise KeyboardInterrupt
        for pid in children():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        os._exit(EXIT_INTERRUPTED)

    before = {number: signal.signal(number, told) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

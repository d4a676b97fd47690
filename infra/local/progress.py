import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """One thing worth telling a waiting person; `done` of `total` are bytes, and both zero where nothing is counted."""

    component: str
    message: str
    done: int = 0
    total: int = 0


ProgressCallback = Callable[[Progress], None]


class StartAbortedError(Exception):
    """The start of the stack was abandoned, because another component failed or somebody pressed Ctrl-C."""


class Abort:
    """A flag that the starting components look at while they wait."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def check(self) -> None:
        """Raise StartAbortedError once the flag is set."""
        if self._event.is_set():
            raise StartAbortedError("the start of the embedded stack was abandoned")

    def sleep(self, seconds: float) -> None:
        """Sleep, and raise StartAbortedError as soon as the flag is set."""
        self._event.wait(seconds)
        self.check()


def quiet(_: Progress) -> None:
    """Tell nobody."""

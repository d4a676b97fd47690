"""Tells a waiting person what the demo does, on standard error: bars on a terminal, lines where there is none."""

import time
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Reporter(Protocol):
    """Told what happens."""

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> None: ...

    def tell(self, step: str, message: str, done: float = 0, total: float = 0) -> None:
        """Say how far a step is; ``total`` 0 where nothing is counted."""


class TerminalReporter:
    """A line for each step, drawn anew in its place."""

    def __init__(self) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.fields[step]:<12}"), BarColumn(20), TextColumn("{task.description}"))
        self._progress = Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def tell(self, step: str, message: str, done: float = 0, total: float = 0) -> None:
        """Draw the line of a step."""
        if step not in self._tasks:
            self._tasks[step] = self._progress.add_task(message, total=None, step=step)
        self._progress.update(self._tasks[step], description=message, completed=done, total=total or None)


class LineReporter:
    """A line when a step says something new; of what is counted, one in two seconds."""

    def __init__(self, out: TextIO, pause_s: float = 2.0) -> None:
        self._out = out
        self._pause_s = pause_s
        self._told: dict[str, tuple[str, float]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._out.flush()

    def tell(self, step: str, message: str, done: float = 0, total: float = 0) -> None:
        """Print what is new."""
        now_s = time.monotonic()
        last, told_s = self._told.get(step, ("", 0.0))
        counted = 0 < done < total
        if (counted and now_s - told_s < self._pause_s) or (not counted and message == last):
            return
        self._told[step] = message, now_s
        share = f" {done / total:.0%}" if counted else ""
        self._out.write(f"{step}: {message}{share}\n")  # in one piece: several threads tell
        self._out.flush()


def reporter(err: TextIO) -> Reporter:
    """Return what fits standard error."""
    return TerminalReporter() if err.isatty() else LineReporter(err)

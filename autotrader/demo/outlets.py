"""Where the demo is shown: a live table on a terminal, lines where there is none, JSON lines where a program reads."""

import sys
import time
from types import TracebackType
from typing import Protocol, Self, TextIO

import orjson
from rich.console import Console
from rich.live import Live

from autotrader.demo.latest import Series
from autotrader.demo.screen import NOTICE, render
from autotrader.demo.view import View, in_order
from schemas.values import iso


class Outlet(Protocol):
    """Shows views until it is left."""

    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /) -> None: ...

    def show(self, view: View) -> None:
        """Show a moment."""


class LiveTable:
    """A table that is drawn anew in its place. Leaving gives the terminal back as it was."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.stop()

    def show(self, view: View) -> None:
        """Draw a moment."""
        self._live.update(render(view), refresh=True)


class Lines:
    """A line for each new recommendation, so many a second at most: of a series that moves faster, the newest one."""

    def __init__(self, out: TextIO, lines_per_s: float = 20.0) -> None:
        self._out = out
        self._pause_s = 1.0 / lines_per_s
        self._shown: dict[Series, str] = {}
        self._free_at = 0.0
        self._headed = False
        self._trouble = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._out.flush()

    def show(self, view: View) -> None:
        """Print what is new."""
        if not self._headed:
            print(f"API {view.api_url}\ndocumentation {view.docs_url}\n{NOTICE}", file=self._out)
            self._headed = True
        if view.trouble != self._trouble:
            print(f"waiting: {view.trouble}" if view.trouble else "all is well again", file=self._out)
            self._trouble = view.trouble
        self._free_at = max(self._free_at, time.monotonic() - 1.0)
        for one in in_order(view):
            series = one.symbol, one.interval
            if self._shown.get(series) == one.id or self._free_at > time.monotonic():
                continue
            self._free_at += self._pause_s
            self._shown[series] = one.id
            marks = "".join(f" [{mark}]" for mark in view.marks(one))
            figures = f"{one.action:4} {one.confidence:4.0%} {one.score:+6.2f} {one.price:10,.2f}"
            print(f"{iso(one.decided_at)[:19]} {one.symbol:5} {one.interval:3} {figures}  {one.summary}{marks}", file=self._out)
        self._out.flush()


class JsonLines:
    """A JSON object on a line, once a second."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._next_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._out.flush()

    def show(self, view: View) -> None:
        """Print the moment, if the last one was a second ago."""
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + 1.0
            print(orjson.dumps(view.to_record()).decode(), file=self._out, flush=True)


def outlet(*, json: bool) -> Outlet:
    """Return what fits standard output."""
    if json:
        return JsonLines(sys.stdout)
    return LiveTable(Console()) if sys.stdout.isatty() else Lines(sys.stdout)

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from infra.local.errors import ComponentFailedError
from infra.local.processes import ProcessId, find
from infra.local.progress import Abort

_POLL_S = 0.03


class Component(Protocol):
    """One server of the embedded stack. The stack knows its process and decides when it starts and stops."""

    name: str

    def prepare(self, abort: Abort) -> None:
        """Bring what the first start needs: downloads, data folder, configuration. Repeatable."""

    def launch(self) -> ProcessId:
        """Start the process and return at once."""

    def wait_ready(self, process: ProcessId, abort: Abort) -> str:
        """Wait until the component answers and return its endpoint; raises ComponentFailedError."""
        ...

    def stop(self, process: ProcessId | None) -> None:
        """End the process cleanly, by force if it takes too long."""

    def clean(self) -> None:
        """Remove what must not stay behind when the component is down, such as its socket."""


def wait_until(
    answers: Callable[[], bool], process: ProcessId, *, name: str, log: Path, abort: Abort, timeout_s: float = 60.0
) -> None:
    """Poll `answers`; raises ComponentFailedError, with the end of the log, if the process ends or time runs out first."""
    end = time.monotonic() + timeout_s
    while not answers():
        if find(process) is None:
            raise ComponentFailedError(f"{name} ended while it was starting; the end of {log}:\n{tail(log)}")
        if time.monotonic() > end:
            raise ComponentFailedError(f"{name} did not answer within {timeout_s:.0f} s; the end of {log}:\n{tail(log)}")
        abort.sleep(_POLL_S)


def tail(log: Path, characters: int = 2_000) -> str:
    """Return the end of a log file."""
    return log.read_text(errors="replace")[-characters:] if log.exists() else ""

"""Keeps the roles of one machine running as child processes: starts them, starts them again when they leave, ends them together."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 15.0
_STEADY_S = 30.0
"""A role that has run this long is steady again: its next restart comes at once."""
_LOOK_S = 0.1
_ORPHANED_S = 5.0
"""How long a role whose supervisor is gone may take to leave by itself."""


@dataclass(frozen=True)
class Role:
    """One child process: ``autotrader`` with these arguments."""

    name: str
    arguments: tuple[str, ...]


@dataclass
class _Child:
    role: Role
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_s: float = 0.0
    start_at: float = 0.0
    starts: int = 0


@dataclass
class Supervisor:
    """Runs roles; their output goes to ``<logs>/<name>.log``. Not thread-safe but for ``stop``."""

    roles: Sequence[Role]
    logs: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    """Set for the children in addition to this process's own."""

    def __post_init__(self) -> None:
        self._children = {role.name: _Child(role) for role in self.roles}
        self._stopping = threading.Event()

    def start(self) -> None:
        """Start every role; returns at once."""
        self.logs.mkdir(parents=True, exist_ok=True)
        for child in self._children.values():
            self._start(child)

    def watch_once(self) -> None:
        """Start again what has left, with a growing pause between attempts."""
        now = time.monotonic()
        for child in self._children.values():
            if self._stopping.is_set():
                return
            if child.process is not None and (code := child.process.poll()) is not None:
                child.process = None
                steady = now - child.started_at >= _STEADY_S
                child.pause_s = _FIRST_PAUSE_S if steady or not child.pause_s else min(_LONGEST_PAUSE_S, 2 * child.pause_s)
                child.start_at = now + child.pause_s
                log.warning("%s left with %d; it is started again in %.1f s", child.role.name, code, child.pause_s)
            if child.process is None and now >= child.start_at:
                self._start(child)

    def watch(self) -> None:
        """Keep the roles running until ``stop`` is called from elsewhere."""
        while not self._stopping.wait(_LOOK_S):
            self.watch_once()

    def stop(self, patience_s: float = 15.0) -> None:
        """End all roles: asked first, killed after the patience. Returns when none is left."""
        self._stopping.set()
        running = [child.process for child in self._children.values() if child.process is not None]
        for process in running:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + patience_s
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def restarts(self) -> int:
        """Return how often a role had to be started again."""
        return sum(max(0, child.starts - 1) for child in self._children.values())

    def pids(self) -> dict[str, int]:
        """Return the processes that run, by role."""
        return {name: child.process.pid for name, child in self._children.items() if child.process is not None}

    def _start(self, child: _Child) -> None:
        command = [sys.executable, "-m", "autotrader", *child.role.arguments, "--end-with", str(os.getpid())]
        with (self.logs / f"{child.role.name}.log").open("ab") as out:
            # A session of its own: a terminal's Ctrl-C reaches this process only, which then ends the roles in order.
            child.process = subprocess.Popen(
                command,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        child.started_at = time.monotonic()
        child.starts += 1


def end_with(pid: int) -> None:
    """End this process when another one is gone, in whatever way it went; for children of a supervisor."""

    def watch() -> None:
        while os.getppid() == pid:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)
        # What it leaves to other servers may wait for one that has gone as well; nothing is lost with a process that is killed.
        time.sleep(_ORPHANED_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="end-with").start()

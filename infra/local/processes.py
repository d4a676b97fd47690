import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

# Start times are computed from a boot time that the clock's discipline may move a little; no pid is used again that soon.
_START_TIME_TOLERANCE_S = 2.0
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process that can be told from a later one with the same pid: `created` is its start in seconds since the epoch."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        """Identify the running process `pid`; raises psutil.NoSuchProcess."""
        return cls(pid, psutil.Process(pid).create_time())


def find(process: ProcessId | None) -> psutil.Process | None:
    """Return the process, if it still runs; a zombie and a stranger with the same pid do not count."""
    if process is None:
        return None
    _reap(process.pid)
    try:
        found = psutil.Process(process.pid)
        same = abs(found.create_time() - process.created) < _START_TIME_TOLERANCE_S
        return found if same and found.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    user: int | None = None,
    group: int | None = None,
) -> ProcessId:
    """Start a process in a session of its own, so that a Ctrl-C on the terminal does not reach it; output goes to `log`."""
    with log.open("ab") as output:
        started = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            start_new_session=True,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
        )
    process = ProcessId.of(started.pid)
    # From here on the process is known by its id, by any process of ours; without this the object would complain, when
    # it is collected, that its child still runs.
    started.returncode = 0
    return process


def stop(process: ProcessId | None, *, first: signal.Signals = signal.SIGTERM, patience_s: float = 15.0) -> None:
    """Ask the process to end, wait, then kill it and everything it started. Nothing happens if it is not there."""
    found = find(process)
    if found is None:
        return
    family = [found, *_children(found)]
    with contextlib.suppress(psutil.NoSuchProcess):
        found.send_signal(first)
    _kill_all(_wait(family, patience_s))


def kill(process: ProcessId | None, *, orphans_s: float = 5.0) -> None:
    """SIGKILL the process and reap it; what it started is given `orphans_s` to notice, then killed as well."""
    found = find(process)
    if found is None:
        return
    children = _children(found)
    with contextlib.suppress(psutil.NoSuchProcess):
        found.kill()
    _wait([found], 10)
    _kill_all(_wait(children, orphans_s))


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _kill_all(processes: Iterable[psutil.Process]) -> None:
    left = list(processes)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _wait(left, 10)


def _wait(processes: Sequence[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Wait until the processes have ended and return those that have not.

    psutil's own wait would wait in vain for a zombie that belongs to a parent which does not collect it.
    """
    end = time.monotonic() + timeout_s
    left = list(processes)
    while True:
        left = [process for process in left if _runs(process)]
        if not left or time.monotonic() > end:
            return left
        time.sleep(_POLL_S)


def _runs(process: psutil.Process) -> bool:
    _reap(process.pid)
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _reap(pid: int) -> None:
    """Collect the process if it is a dead child of ours, so that its pid does not look alive."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)

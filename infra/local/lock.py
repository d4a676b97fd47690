import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

from infra.local.errors import StackBusyError

_POLL_S = 0.05


@contextlib.contextmanager
def exclusive(path: Path, timeout_s: float) -> Iterator[None]:
    """Hold the lock file for the body; raises StackBusyError if another process keeps it for longer than `timeout_s`.

    The kernel gives the lock back when its holder ends, so a killed start leaves no stale lock.
    """
    end = time.monotonic() + timeout_s
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise StackBusyError(f"{path} is held by another process that starts or stops this stack") from None
                time.sleep(_POLL_S)
        yield

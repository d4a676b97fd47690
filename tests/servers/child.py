"""A real server as a child of the test run: unprivileged, in a folder of its own, on loopback, gone when the tests are."""

import ctypes
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

UNPRIVILEGED_USER = "nobody"
_SET_PARENT_DEATH_SIGNAL = 1
_POLL_S = 0.05
_LOG_END = 3_000


@contextmanager
def folder_for_a_server() -> Iterator[Path]:
    """A temporary folder that belongs to the user the server runs as; removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="autotrader-server-"))
    try:
        hand_over(folder)
        make_passable(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def hand_over(path: Path) -> None:
    """Give a file or folder to the user that servers run as, where that is another one."""
    if user := _other_user():
        os.chown(path, user.pw_uid, user.pw_gid)


def make_passable(path: Path) -> None:
    """Let the server's user through root's own folders above a path: search permission where it is missing, nothing more."""
    if _other_user() is None:
        return
    for folder in path.parents:
        found = folder.stat()
        if found.st_uid == 0 and not found.st_mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)


class Child:
    """A server process, started at once."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._name = command[0]
        self._log = folder / "server.log"
        user = _other_user()
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", **(environment or {})},
                start_new_session=True,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
                preexec_fn=_die_with_the_tests(),  # noqa: PLW1509  # one system call: a test run that is killed leaves no server behind
            )

    def wait_until(self, answers: Callable[[], bool], timeout_s: float = 60.0) -> None:
        """Wait for the first answer; RuntimeError with the end of the log where the server ends or stays silent."""
        end = time.monotonic() + timeout_s
        while not answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"expected an answer within {timeout_s} s, found none from {self._name}:\n{self.log()}")
            time.sleep(_POLL_S)

    def log(self) -> str:
        """Return the end of the server's log."""
        return self._log.read_text(errors="replace")[-_LOG_END:]

    def stop(self) -> None:
        """End the server at once: what it holds is thrown away, so there is nothing to wait for."""
        self.process.kill()
        self.process.wait()


def _other_user() -> pwd.struct_passwd | None:
    return pwd.getpwnam(UNPRIVILEGED_USER) if os.geteuid() == 0 else None


def _die_with_the_tests() -> Callable[[], object] | None:
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up here: after the fork it could wait for a lock for ever
    return lambda: prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)

"""A streams worker of the product as a child process, watched from outside."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

_SAMPLE_S = 0.1
_STOP_S = 20.0


class Watched:
    """A running worker and the most memory it has held."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.rss_peak_mb = 0.0
        self._watching = threading.Thread(target=self._watch, daemon=True)
        self._watching.start()

    def _watch(self) -> None:
        try:
            seen = psutil.Process(self.process.pid)
            while self.process.poll() is None:
                self.rss_peak_mb = max(self.rss_peak_mb, seen.memory_info().rss / 1e6)
                time.sleep(_SAMPLE_S)
        except psutil.NoSuchProcess:
            return


@contextmanager
def streams_worker(
    data_dir: Path, bootstrap: str, agents: Sequence[str], settings: Mapping[str, str], log: Path
) -> Iterator[Watched]:
    """Run ``autotrader run streams`` with settings by environment name; ended on the way out."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AUTOTRADER_")},
        "AUTOTRADER_DATA_DIR": str(data_dir),
        "AUTOTRADER_KAFKA__BOOTSTRAP": bootstrap,
        **settings,
    }
    command = [sys.executable, "-m", "autotrader", "run", "streams", "--agents", ",".join(agents)]
    with log.open("ab") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    watched = Watched(process)
    try:
        yield watched
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

"""Runs the demo as a person would: a process of its own, on a data folder of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import psutil
from confluent_kafka import Consumer, KafkaException

from infra.clients import kafka
from infra.local.stack import EmbeddedStack
from infra.settings import KafkaSettings
from schemas.topics import BARS, FEATURES, RECOMMENDATIONS
from streams.exports.reading import Span, read_span, spans
from tests.conftest import CACHE, ROOT

SLICE = ("--days", "90", "--ticks", "20000")
PATIENCE_S = 120.0


class Demo:
    """The demo on one data folder, which shares its models with the other tests' and the downloads with the checkout."""

    def __init__(self, data_dir: Path, models: Path) -> None:
        self.data_dir = data_dir
        self._models = models
        data_dir.mkdir(parents=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        (data_dir / "cache").symlink_to(CACHE)

    @contextlib.contextmanager
    def started(self, *arguments: str, told: tuple[str, ...] = SLICE) -> Iterator[subprocess.Popen[str]]:
        """Start a demo; it is gone afterwards, whatever the test did."""
        command = [sys.executable, "-m", "autotrader", "demo", *arguments, *told, "--data-dir", str(self.data_dir)]
        environment = {**os.environ, "AUTOTRADER_MODELS__FOLDER": str(self._models)}
        with (self.data_dir / "stderr.log").open("w") as errors:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stdout.close()

    def once(self) -> dict:
        """Run to the end of the recordings and return the figures."""
        with self.started("--once", "--json") as process:
            out, _ = process.communicate(timeout=PATIENCE_S)

        assert process.returncode == 0, self.errors()
        (line,) = out.splitlines()
        return json.loads(line)

    def errors(self) -> str:
        return (self.data_dir / "stderr.log").read_text()

    def family(self) -> list[str]:
        """Return the processes that have to do with this data folder."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                words = [*process.cmdline(), process.environ().get("AUTOTRADER_DATA_DIR", "")]
                if process.status() != psutil.STATUS_ZOMBIE and any(str(self.data_dir) in word for word in words):
                    found.append(f"{process.pid} {' '.join(process.cmdline())[:200]}")
        return found

    def derived(self) -> dict[str, str]:
        """Return, by topic and key, a digest of all bodies that were derived, in their order."""
        stack = EmbeddedStack(self.data_dir)
        endpoints = stack.up(owner_pid=os.getpid())
        try:
            reader = kafka.consumer(KafkaSettings(bootstrap=endpoints.kafka), "test", "unused", enable_partition_eof=True)
            digests: dict[str, object] = {}
            for topic in (BARS, FEATURES, RECOMMENDATIONS):
                for span in _spans(reader, topic):
                    for message in (one for batch in read_span(reader, span) for one in batch):
                        digests.setdefault(f"{topic}/{message.key().decode()}", sha256()).update(message.value())
            reader.close()
        finally:
            stack.down()
        return {place: digest.hexdigest() for place, digest in digests.items()}


def interrupted(process: subprocess.Popen[str]) -> tuple[int, float]:
    """Press Ctrl-C and return the exit code and the seconds it took."""
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    return process.returncode, time.monotonic() - began


def json_lines(process: subprocess.Popen[str]) -> Iterator[dict]:
    """Yield what a live demo prints."""
    while line := process.stdout.readline():
        yield json.loads(line)


def _spans(reader: Consumer, topic: str) -> list[Span]:
    """A broker that has just started leads its partitions a moment later."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return spans(reader, topic, range(4))
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)

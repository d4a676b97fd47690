"""Events a second with Avro decode: our chunk transport, stock Faust, Quix Streams and the plain confluent-kafka client."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.environment import new_environment, pip
from benchmarks.feed import create_topics, produce_all, ticks
from benchmarks.harness import Measured, bench_stack, repeat, say
from schemas.topics import TICKS

ROOT = Path(__file__).parents[1]
UNITS = {"ours": "events/s", "faust_stock": "events/s", "quix": "events/s", "confluent": "events/s"}
EVENTS = 800_000
WANTED = {"ours": 700_000, "faust_stock": 50_000, "quix": 350_000, "confluent": 700_000}
"""Events to count: each peer runs for several seconds; the topic holds more than any of them reads."""


def run(runs: int, cache_dir: Path) -> dict[str, Measured]:
    """Measure all four in turn, ``runs`` times, on one topic, each alone in a process of its own."""
    quix = _quix_python(cache_dir)
    with bench_stack(cache_dir, ("kafka",)) as endpoints:
        create_topics(endpoints.kafka, TICKS)
        say(f"writing {EVENTS:,} ticks")
        produce_all(endpoints.kafka, TICKS, ticks(EVENTS, 500, 60))
        return repeat(runs, UNITS, lambda _: _measure_all(endpoints.kafka, quix))


def _measure_all(bootstrap: str, quix: Path) -> Mapping[str, float]:
    modules = {name: [sys.executable, "-m", f"benchmarks.peers.{name}"] for name in ("ours", "faust_stock", "confluent")}
    commands = {**modules, "quix": [str(quix), str(ROOT / "benchmarks" / "peers" / "quix.py")]}
    return {name: _measure([*commands[name], bootstrap, TICKS, str(WANTED[name])]) for name in UNITS}


def _measure(command: list[str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "TMPDIR": folder}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=180, check=False)
    try:
        return float(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise RuntimeError(f"expected a rate from {' '.join(command)}, found: {(done.stderr or done.stdout)[-800:]}") from None


def _quix_python(cache_dir: Path) -> Path:
    """Return the interpreter of Quix Streams' own environment, made from its lock file where it is missing."""
    folder = cache_dir / "peers" / "quix"
    python = folder / "bin" / "python"
    lock = ROOT / "benchmarks" / "peers" / "quix.lock"
    stamp = folder / "quix.lock"
    if not stamp.exists() or stamp.read_text() != lock.read_text():
        say("installing Quix Streams into an environment of its own")
        pip(new_environment(folder), "install", "-r", str(lock))
        stamp.write_text(lock.read_text())
    return python

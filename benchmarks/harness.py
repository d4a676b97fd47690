"""What every benchmark shares: a stack of its own, repeated runs, one JSON object or a table."""

import importlib.metadata
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from infra.local.stack import EmbeddedStack
from infra.local.state import Endpoints

VERSIONS = (
    "faust-streaming",
    "aiokafka",
    "confluent-kafka",
    "fastavro",
    "numpy",
    "lightgbm",
    "psycopg",
    "chdb",
    "starlette",
    "uvicorn",
)


@dataclass(frozen=True)
class Measured:
    """One figure over all runs."""

    unit: str
    values: tuple[float, ...]

    def summary(self) -> dict[str, Any]:
        return {"median": statistics.median(self.values), "min": min(self.values), "max": max(self.values), "unit": self.unit}


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    model = next((line.split(":")[1].strip() for line in _cpu_info() if line.startswith("model name")), platform.processor())
    memory_gib = round(psutil.virtual_memory().total / 2**30, 1)
    return {"cpu": model, "cores": os.cpu_count(), "memory_gib": memory_gib, "kernel": platform.release()}


def versions() -> dict[str, str]:
    """Return the versions that the figures depend on."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in VERSIONS}}


def repeat(runs: int, units: Mapping[str, str], once: Callable[[int], Mapping[str, float]]) -> dict[str, Measured]:
    """Run a benchmark several times; ``once`` gets the number of the run and returns its figures by name."""
    seen: dict[str, list[float]] = {}
    for run in range(runs):
        for name, value in once(run).items():
            seen.setdefault(name, []).append(float(value))
        say(f"run {run + 1} of {runs}: " + ", ".join(f"{name} {values[-1]:,.4g}" for name, values in seen.items()))
    return {name: Measured(units.get(name, ""), tuple(values)) for name, values in seen.items()}


def report(bench: str, runs: int, results: Mapping[str, Measured]) -> dict[str, Any]:
    """Return a benchmark's result as it is printed with --json."""
    summaries = {name: measured.summary() for name, measured in results.items()}
    return {"bench": bench, "machine": machine(), "versions": versions(), "runs": runs, "results": summaries}


def say(text: str) -> None:
    """Tell on stderr what goes on: stdout is for the result."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def bench_stack(cache_dir: Path, components: tuple[str, ...] | None = None) -> Iterator[Endpoints]:
    """Run an embedded stack of the benchmark's own, gone with its data afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="autotrader-bench-"))
    stack = EmbeddedStack(folder, cache_dir=cache_dir)
    try:
        endpoints = stack.up(owner_pid=os.getpid())
        for name in stack.names:
            if components is not None and name not in components:
                stack.stop(name)
        yield endpoints
    finally:
        stack.down()
        shutil.rmtree(folder, ignore_errors=True)


def _cpu_info() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []

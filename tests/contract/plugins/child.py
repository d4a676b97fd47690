"""Runs pytest on tests of its own, with no plugin but those that are named, whatever process runs this."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[3]
IN_TWO_PROCESSES = ("-p", "xdist.plugin", "-n", "2")


def run_module(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m`` in a folder, as if no pytest and no coverage were above it."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COVERAGE_"))}
    environment = {**own, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def plugins(*names: str) -> Sequence[str]:
    """Return the options that load plugins."""
    return [word for name in (*names, "no:cacheprovider") for word in ("-p", name)]

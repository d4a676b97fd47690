"""Python environments of a benchmark's own: peers and data that the product does not depend on."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def new_environment(folder: Path) -> Path:
    """Make an environment anew and return its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    return folder / "bin" / "python"


def pip(python: Path, *arguments: str) -> None:
    """Run an environment's pip, which checks the hashes of what it fetches; RuntimeError with its last words where it fails."""
    command: Sequence[str] = [str(python), "-m", "pip", arguments[0], "--quiet", "--disable-pip-version-check", "--require-hashes"]
    done = subprocess.run([*command, *arguments[1:]], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"expected pip {arguments[0]} to succeed, found: {done.stderr.strip()[-800:]}")

"""Creates .venv from the lock file. Every make target begins with this; where nothing changed it returns at once.

    python3 scripts/bootstrap.py

Needs the standard library only, and writes to standard error only. Packages are taken from where pip and uv are told to take
them, and are refused where their SHA-256 is not the one in the lock file.
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
ORIGIN = VENV / "made-for"
STAMP = VENV / "installed-from"
PYTHON = VENV / "bin" / "python"
UV_FOLDER = VENV / "uv"
UV_LOCK = ROOT / "requirements-bootstrap.txt"
LOCK = ROOT / "requirements.lock"
OLDEST = (3, 11)


def main() -> int:
    """Return the exit code."""
    if sys.version_info < OLDEST:
        say(f"expected Python {OLDEST[0]}.{OLDEST[1]} or newer, found {sys.version.split()[0]} at {sys.executable}")
        return 1
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted and PYTHON.exists():
        return 0
    began = time.monotonic()
    STAMP.unlink(missing_ok=True)
    try:
        create_environment()
        install_uv()
        install_packages()
    except subprocess.CalledProcessError as error:
        say(f"failed with exit code {error.returncode}: {' '.join(map(str, error.cmd))}")
        return 1
    STAMP.write_text(wanted)
    say(f"installed in {time.monotonic() - began:.1f} s")
    return 0


def fingerprint() -> str:
    """Return what the environment depends on: where it is, its Python, and what it is made from."""
    digest = hashlib.sha256(origin().encode())
    for path in (UV_LOCK, LOCK, ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def create_environment() -> None:
    """Create .venv, or keep the one that is there if it is whole and of this Python."""
    if whole():
        return
    say(f"creating {VENV.name} with Python {sys.version.split()[0]}")
    run([sys.executable, "-m", "venv", "--without-pip", "--clear", str(VENV)])
    ORIGIN.write_text(origin())


def whole() -> bool:
    """Return whether .venv is there, was made in this place (its scripts name it), and by this Python."""
    if not (ORIGIN.exists() and ORIGIN.read_text() == origin() and PYTHON.exists()):
        return False
    return subprocess.run([PYTHON, "-c", ""], check=False, stderr=subprocess.DEVNULL).returncode == 0


def origin() -> str:
    """Return where .venv is, and its Python."""
    return f"{VENV}\n{sys.executable} {sys.version}\n"


def install_uv() -> None:
    """Install uv beside the environment's packages, where synchronising them does not remove it."""
    say("fetching the installer (uv)")
    command = [*pip(), "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--upgrade"]
    options = ["--require-hashes", "--target", str(UV_FOLDER), "--requirement", str(UV_LOCK)]
    run([*command, *options], PIP_USER="0", PIP_ROOT_USER_ACTION="ignore")


def pip() -> list[str]:
    """Return how to call a pip: this Python's own, or the one that the standard library carries; it never gets into .venv."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if importlib.util.find_spec("ensurepip"):
        import ensurepip  # noqa: PLC0415  # Debian's Python does without

        wheels = sorted((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
        wheels += sorted(Path("/usr/share/python-wheels").glob("pip-*.whl"))
        if wheels:
            return [sys.executable, str(wheels[-1] / "pip")]
    say("expected pip or ensurepip with this Python, found neither; on Debian and Ubuntu: apt install python3-venv")
    raise subprocess.CalledProcessError(1, ["pip"])


def install_packages() -> None:
    """Make the environment hold exactly what the lock file names, and this project in its place."""
    say(f"installing what {LOCK.name} names; the first time it is downloaded")
    uv = str(UV_FOLDER / "bin" / "uv")
    run([uv, "pip", "sync", "--require-hashes", "--python", str(PYTHON), str(LOCK)], **sources())
    run([uv, "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--python", str(PYTHON), "--editable", str(ROOT)])


def sources() -> dict[str, str]:
    """Return uv's names for what the caller told pip, where uv is not told otherwise."""
    pairs = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX", "PIP_CERT": "SSL_CERT_FILE"}
    told = {theirs: os.environ[ours] for ours, theirs in pairs.items() if ours in os.environ and theirs not in os.environ}
    if {"UV_INDEX_URL", "UV_EXTRA_INDEX_URL"} & set(os.environ):  # the older names of the same
        told = {name: value for name, value in told.items() if not name.endswith("INDEX")}
    return told


def run(command: list[str], **environment: str) -> None:
    """Run a step; what it prints goes to standard error, so that standard output is the caller's."""
    subprocess.run(command, check=True, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=sys.stderr, env={**os.environ, **environment})


def say(text: str) -> None:
    """Tell the person who waits."""
    sys.stderr.write(f"autotrader: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())

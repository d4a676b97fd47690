import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from infra.local.progress import Abort, ProgressCallback


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of a jgo lock file: Maven coordinates, and the SHA-256 that the file must have."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The name under which the jar is kept."""
        return f"{self.artifact}-{self.version}.jar"

    def is_good(self, path: Path) -> bool:
        """Whether `path` holds exactly this jar."""
        return path.exists() and sha256_of(path) == self.sha256


class JarCache:
    """The jars that a jgo lock file names, downloaded once and checked against its SHA-256 sums at each start."""

    def __init__(self, lock_file: Path, folder: Path, component: str, progress: ProgressCallback) -> None:
        self._lock_file = lock_file
        self._folder = folder
        self._component = component
        self._progress = progress

    def classpath(self, abort: Abort) -> str:
        """Return the class path, after what is missing was downloaded; raises DownloadError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        jars = read_lock(self._lock_file)
        if missing := [jar for jar in jars if not jar.is_good(self._folder / jar.file_name)]:
            # Loads jgo, which a start that finds its jars does without: that saves a third of a second.
            from infra.local.download import Download  # noqa: PLC0415

            Download(self._folder, self._component, self._progress, abort).fetch(missing)
        return ":".join(str(self._folder / jar.file_name) for jar in jars)


def read_lock(lock_file: Path) -> list[Jar]:
    """Return what a lock file names; raises KeyError if a jar in it has no SHA-256."""
    with lock_file.open("rb") as file:
        dependencies = tomllib.load(file)["dependencies"]
    return [Jar(entry["groupId"], entry["artifactId"], entry["version"], entry["sha256"]) for entry in dependencies]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

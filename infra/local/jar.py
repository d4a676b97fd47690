import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path


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


def read_lock(lock_file: Path) -> list[Jar]:
    """Return what a lock file names; raises KeyError if a jar in it has no SHA-256."""
    with lock_file.open("rb") as file:
        dependencies = tomllib.load(file)["dependencies"]
    return [Jar(entry["groupId"], entry["artifactId"], entry["version"], entry["sha256"]) for entry in dependencies]


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

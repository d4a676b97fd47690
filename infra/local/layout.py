import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

# sun_path holds 108 bytes on Linux and 104 on macOS, the terminating zero included.
_SOCKET_PATH_MAX = 103
_LONGEST_SOCKET_NAME = "postgres/.s.PGSQL.5432.lock"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one embedded stack keeps what: everything under `data_dir`, but sockets whose path would be too long."""

    data_dir: Path
    cache_dir: Path

    @classmethod
    def of(cls, data_dir: Path, cache_dir: Path | None = None) -> "Layout":
        """Resolve the folders; downloads go to `<data_dir>/cache` unless another folder is named."""
        data_dir = data_dir.expanduser().resolve()
        return cls(data_dir, cache_dir.expanduser().resolve() if cache_dir else data_dir / "cache")

    @property
    def state_file(self) -> Path:
        return self.data_dir / "stack.json"

    @property
    def lock_file(self) -> Path:
        return self.data_dir / "stack.lock"

    @property
    def run_dir(self) -> Path:
        """The folder of the Unix sockets: in the data folder, or, if that path is too long, a short one named by its hash."""
        inside = self.data_dir / "run"
        if len(os.fsencode(inside / _LONGEST_SOCKET_NAME)) <= _SOCKET_PATH_MAX:
            return inside
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:12]
        name = f"autotrader-{os.geteuid()}-{digest}"
        short = Path(tempfile.gettempdir()) / name
        return short if len(os.fsencode(short / _LONGEST_SOCKET_NAME)) <= _SOCKET_PATH_MAX else Path("/tmp") / name  # noqa: S108

    def component_dir(self, component: str) -> Path:
        return self.data_dir / component

    def log_file(self, component: str) -> Path:
        return self.data_dir / "logs" / f"{component}.log"

    def create(self) -> None:
        """Make the folders; the data folder is private to its owner. Raises OSError if the sockets' folder is somebody else's."""
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.cache_dir.mkdir(parents=True, exist_ok=True)
        self.log_file("any").parent.mkdir(exist_ok=True)
        self.run_dir.mkdir(mode=0o700, exist_ok=True)
        if self.run_dir.lstat().st_uid != os.geteuid() or self.run_dir.is_symlink():
            raise OSError(f"{self.run_dir} belongs to another user; expected a folder of user {os.geteuid()}")

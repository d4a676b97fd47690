from pathlib import Path

from infra.local.jar import read_lock
from infra.local.progress import Abort, ProgressCallback


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

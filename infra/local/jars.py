import contextlib
import hashlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.env import LockedDependency, LockFile
from jgo.maven import MavenContext, PythonResolver

from infra.local.errors import DownloadError
from infra.local.progress import Abort, Progress, ProgressCallback

_DOWNLOADS_AT_ONCE = 6
_ATTEMPTS = 3
_TIMEOUT_S = 30


class JarCache:
    """The jars that a jgo lock file names, downloaded once and checked against its SHA-256 sums at each start."""

    def __init__(self, lock_file: Path, folder: Path, component: str, progress: ProgressCallback) -> None:
        self._lock = LockFile.load(lock_file)
        self._folder = folder
        self._component = component
        self._progress = progress
        self._mutex = threading.Lock()
        self._done_bytes = 0
        self._done_jars = 0

    def classpath(self, abort: Abort) -> str:
        """The class path, after what is missing was downloaded; raises DownloadError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        missing = [jar for jar in self._lock.dependencies if not self._is_good(jar)]
        if missing:
            self._download(missing, abort)
        return ":".join(str(self._path(jar)) for jar in self._lock.dependencies)

    def _path(self, jar: LockedDependency) -> Path:
        return self._folder / f"{jar.artifactId}-{jar.version}.jar"

    def _is_good(self, jar: LockedDependency) -> bool:
        path = self._path(jar)
        return path.exists() and _sha256(path) == jar.sha256

    def _download(self, jars: list[LockedDependency], abort: Abort) -> None:
        self._tell(f"downloading {len(jars)} jars")
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".partial-") as partial:
            context = self._context(Path(partial), abort)
            with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
                futures = [pool.submit(self._fetch, context, jar, abort, len(jars)) for jar in jars]
                try:
                    for future in futures:
                        future.result()
                except BaseException:
                    pool.shutdown(cancel_futures=True)
                    raise

    def _context(self, partial: Path, abort: Abort) -> MavenContext:
        """jgo's downloader, with the repositories of the user's jgo configuration if there is one."""

        @contextlib.contextmanager
        def count(_filename: str, _size: int) -> Iterator[Callable[[int], None]]:
            def advance(size: int) -> None:
                abort.check()
                with self._mutex:
                    self._done_bytes += size

            yield advance

        repositories = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
        resolver = PythonResolver(progress_callback=count)
        return MavenContext(resolver=resolver, repo_cache=partial, remote_repos=repositories, timeout=_TIMEOUT_S)

    def _fetch(self, context: MavenContext, jar: LockedDependency, abort: Abort, jars: int) -> None:
        """Download one jar, check it, and only then move it to where it is used from."""
        artifact = context.project(jar.groupId, jar.artifactId).at_version(jar.version).artifact()
        error: Exception | None = None
        for _ in range(_ATTEMPTS):
            abort.check()
            try:
                downloaded = Path(artifact.resolve())
            except (requests.RequestException, RuntimeError, OSError) as caught:
                error = caught
                continue
            found = _sha256(downloaded)
            if found == jar.sha256:
                downloaded.replace(self._path(jar))
                self._count_jar(jars)
                return
            error = DownloadError(f"{downloaded.name}: expected SHA-256 {jar.sha256}, found {found}")
            downloaded.unlink()
        raise DownloadError(f"{jar.groupId}:{jar.artifactId}:{jar.version} could not be downloaded: {error}") from error

    def _count_jar(self, jars: int) -> None:
        with self._mutex:
            self._done_jars += 1
            text, done = f"downloaded {self._done_jars} of {jars} jars", self._done_bytes
        self._progress(Progress(self._component, text, done))

    def _tell(self, message: str) -> None:
        self._progress(Progress(self._component, message))

    def clear(self) -> None:
        """Forget the downloads."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

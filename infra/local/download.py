import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext, PythonResolver

from infra.local.errors import DownloadError
from infra.local.jar import Jar, sha256_of
from infra.local.progress import Abort, Progress, ProgressCallback

_AT_ONCE = 6
_ATTEMPTS = 3
_TIMEOUT_S = 15
_REPORT_EVERY_BYTES = 1 << 20


class Download:
    """One download of jars by jgo, from Maven Central or the repositories of the user's jgo configuration."""

    def __init__(self, folder: Path, component: str, progress: ProgressCallback, abort: Abort) -> None:
        self._folder = folder
        self._component = component
        self._progress = progress
        self._abort = abort
        self._mutex = threading.Lock()
        self._jars = 0
        self._done = 0
        self._total = 0
        self._reported = 0

    def fetch(self, jars: Sequence[Jar]) -> None:
        """Download the jars into the folder; raises DownloadError, and StartAbortedError. Others may do the same meanwhile."""
        self._jars = len(jars)
        self._progress(Progress(self._component, f"downloading {self._jars} jars"))
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".partial-") as partial:
            context = self._context(Path(partial))
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                futures = [pool.submit(self._fetch_one, context, jar) for jar in jars]
                try:
                    for future in futures:
                        future.result()
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
        self._progress(Progress(self._component, f"downloaded {self._jars} jars", self._done, self._done))

    def _context(self, partial: Path) -> MavenContext:
        repositories = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
        resolver = PythonResolver(progress_callback=self._count)
        return MavenContext(resolver=resolver, repo_cache=partial, remote_repos=repositories, timeout=_TIMEOUT_S)

    @contextlib.contextmanager
    def _count(self, _file_name: str, size: int) -> Iterator[Callable[[int], None]]:
        """Count a file that begins to arrive, as jgo asks for it."""
        with self._mutex:
            self._total += size

        def advance(received: int) -> None:
            self._abort.check()
            with self._mutex:
                self._done += received
                due = self._done - self._reported >= _REPORT_EVERY_BYTES
                if due:
                    self._reported = self._done
            if due:
                self._progress(Progress(self._component, f"downloading {self._jars} jars", self._done, self._total))

        yield advance

    def _fetch_one(self, context: MavenContext, jar: Jar) -> None:
        """Download one jar, check it, and only then move it to where it is used from."""
        artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
        problem: Exception | None = None
        for _ in range(_ATTEMPTS):
            self._abort.check()
            try:
                path = Path(artifact.resolve())
            except (requests.RequestException, RuntimeError, OSError) as error:
                problem = error
                if artifact.cached_path is not None:
                    artifact.cached_path.unlink(missing_ok=True)  # half of it may have arrived
                continue
            found = sha256_of(path)
            if found == jar.sha256:
                path.replace(self._folder / jar.file_name)
                return
            problem = DownloadError(f"expected SHA-256 {jar.sha256}, found {found}")
            path.unlink()
        raise DownloadError(f"{jar.group}:{jar.artifact}:{jar.version} could not be downloaded: {problem}") from problem

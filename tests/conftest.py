import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.stack import EmbeddedStack

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".autotrader" / "cache"


@pytest.fixture(scope="session")
def stack() -> Iterator[EmbeddedStack]:
    """One running embedded stack for the whole session: it dies with pytest, its data go, its downloads stay."""
    with tempfile.TemporaryDirectory(prefix="autotrader-test-") as folder:
        running = EmbeddedStack(Path(folder) / "stack", cache_dir=CACHE)
        running.up(owner_pid=os.getpid())
        try:
            yield running
        finally:
            running.down()


@pytest.fixture
def namespace() -> str:
    """A name that no other test has: a prefix for topics, groups and transactional ids, a Postgres schema, a ClickHouse database."""
    return f"t{uuid.uuid4().hex[:12]}"

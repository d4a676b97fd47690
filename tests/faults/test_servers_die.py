"""Kafka and Postgres killed under load and started again: all catches up without a person, nothing is lost or doubled."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.faults.conftest import Undisturbed
from tests.faults.platform import Feed, Platform
from tests.faults.world import SHORT, side_messages, tick_messages

pytestmark = [pytest.mark.stack, pytest.mark.faults]

READS = ("/api/v1/recommendations", "/api/v1/symbols")


@pytest.fixture
def feed(running: Platform) -> Feed:
    """The market, told to all roles under their supervisor; a third of it is folded and stored."""
    running.start("all", "run", "all")
    running.write(side_messages())
    feed = running.feed(tick_messages(SHORT))
    feed.some(SHORT // 3)
    running.until(lambda: bool(running.projected()) and any(offset > 0 for offset in running.projected().values()))
    return feed


@contextmanager
def killed(running: Platform, component: str) -> Iterator[None]:
    """Kill a component for the time of the block; whatever happens there, later tests find it."""
    running.stack.kill(component)
    try:
        yield
    finally:
        running.stack.start(component)


def api(running: Platform) -> httpx.Client:
    address = running.folder / "api.json"
    running.until(address.exists)
    return httpx.Client(base_url=json.loads(address.read_text())["api"], timeout=30.0)


def test_kafka_is_killed_under_load_and_comes_back(running: Platform, feed: Feed, undisturbed: Undisturbed) -> None:
    feed.some(SHORT // 3)
    with killed(running, "kafka"):
        feed.some(1_000)
        time.sleep(2.0)
    feed.all()
    began = time.monotonic()
    running.until_projected()
    print(f"caught up {time.monotonic() - began:.1f} s after Kafka was back")

    assert undisturbed.topics == running.fingerprints()
    assert undisturbed.tables == running.tables()
    assert running.dead_letters() == []


def test_postgres_is_killed_under_load_and_comes_back(running: Platform, feed: Feed, undisturbed: Undisturbed) -> None:
    with api(running) as client:
        running.until(lambda: all(client.get(path).status_code == 200 for path in READS))
        feed.some(SHORT // 3)
        with killed(running, "postgres"):
            began = time.monotonic()
            refused = [client.get(path) for _ in range(2) for path in READS]
            waited = time.monotonic() - began
            feed.some(1_000)
        feed.all()
        began = time.monotonic()
        running.until_projected()
        print(f"caught up {time.monotonic() - began:.1f} s after Postgres was back; {len(refused)} refusals took {waited:.1f} s")
        running.until(lambda: all(client.get(path).status_code == 200 for path in READS), 20.0)

    assert [503] * len(refused) == [answer.status_code for answer in refused]
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert undisturbed.topics == running.fingerprints()
    assert undisturbed.tables == running.tables()
    assert running.dead_letters() == []

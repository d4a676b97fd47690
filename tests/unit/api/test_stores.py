"""What blocks must not keep the event loop, or more than its threads, waiting."""

import asyncio
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest

from api.ports import SeriesRange
from api.stores import AnalyticsReads
from projections.ports import StoreRejected, StoreUnavailable

DAILY = SeriesRange("AAPL", "1d", None, None, 10)


class SlowAnalytics:
    """Answers when it is let; counts who waits."""

    def __init__(self) -> None:
        self.waiting = 0
        self.most_waiting = 0
        self.go = threading.Event()
        self.raises: Exception | None = None

    def query(self, _sql: str, _parameters: Mapping[str, object] | None = None) -> dict[str, list[Any]]:
        self.waiting += 1
        self.most_waiting = max(self.waiting, self.most_waiting)
        self.go.wait(5)
        self.waiting -= 1
        if self.raises is not None:
            raise self.raises
        return {}

    def execute(self, _sql: str) -> None: ...
    def insert(self, _table: str, _columns: Mapping[str, Any]) -> None: ...
    def close(self) -> None: ...


def test_a_store_that_takes_too_long_is_unavailable():
    analytics = SlowAnalytics()

    async def scenario() -> float:
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable, match="within"):
            await AnalyticsReads(analytics, timeout_s=0.05).bars(DAILY)
        took_s = time.monotonic() - begun
        analytics.go.set()
        return took_s

    assert asyncio.run(scenario()) < 1


def test_no_more_queries_run_at_once_than_there_are_threads():
    analytics = SlowAnalytics()

    async def scenario() -> list[list[Any]]:
        reads = AnalyticsReads(analytics, threads=2)
        asked = [asyncio.create_task(reads.features(DAILY)) for _ in range(6)]
        await asyncio.sleep(0.05)
        analytics.go.set()
        return await asyncio.gather(*asked)

    assert asyncio.run(scenario()) == [[]] * 6
    assert analytics.most_waiting == 2


def test_queries_that_nobody_waits_for_any_more_still_count():
    analytics = SlowAnalytics()

    async def scenario() -> None:
        reads = AnalyticsReads(analytics, threads=2, timeout_s=0.02)
        for _ in range(5):
            with pytest.raises(StoreUnavailable):
                await reads.bars(DAILY)
        analytics.go.set()

    asyncio.run(scenario())

    assert analytics.most_waiting == 2


@pytest.mark.parametrize("error", [StoreUnavailable("gone"), StoreRejected("no such table")])
def test_what_the_store_says_is_passed_on(error):
    analytics = SlowAnalytics()
    analytics.raises = error
    analytics.go.set()

    with pytest.raises(type(error), match=str(error)):
        asyncio.run(AnalyticsReads(analytics).bars(DAILY))

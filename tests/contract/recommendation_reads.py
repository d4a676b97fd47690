"""What everything that serves recommendations to the API must do; run on memory and on Postgres."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import orjson
import pytest

from api.ports import RecommendationReads
from projections.paging import Place, UnreadableCursor
from projections.views.recommendations import RecommendationFilter
from schemas.events.recommendations import RecommendationMade
from tests.builders import MINUTE, T0
from tests.unit.api.building import recommendation

Opened = Callable[[Sequence[RecommendationMade]], AbstractAsyncContextManager[RecommendationReads]]
"""Opens reads of stored events; event n lies at offset n // 2 of partition n % 2."""

STORED = [
    recommendation(
        number,
        symbol=("AAPL", "MSFT", "ORCL")[number % 3],
        action=("BUY", "SELL", "HOLD")[number % 3],
        confidence=number / 20,
        interval=("1m", "1d")[number % 2],
        decided_at=T0 + number // 2 * MINUTE,
    )
    for number in range(20)
]
NEWEST_FIRST = [event.id for event in sorted(STORED, key=lambda event: (event.decided_at, event.id), reverse=True)]

FILTERS: list[tuple[dict[str, Any], Callable[[RecommendationMade], bool]]] = [
    ({}, lambda _: True),
    ({"symbols": ("AAPL",)}, lambda event: event.symbol == "AAPL"),
    ({"symbols": ("MSFT", "AAPL", "NONE")}, lambda event: event.symbol in {"AAPL", "MSFT"}),
    ({"action": "SELL"}, lambda event: event.action == "SELL"),
    ({"min_confidence": 0.5}, lambda event: event.confidence >= 0.5),
    ({"since": T0 + 4 * MINUTE}, lambda event: event.decided_at >= T0 + 4 * MINUTE),
    ({"interval": "1d"}, lambda event: event.interval == "1d"),
    (
        {"symbols": ("AAPL", "ORCL"), "interval": "1m", "since": T0 + MINUTE, "min_confidence": 0.1},
        lambda event: event.symbol != "MSFT" and event.interval == "1m" and event.decided_at > T0 and event.confidence >= 0.1,
    ),
]


class RecommendationReadsContract:
    """Subclass with a fixture ``opened``."""

    @pytest.fixture
    def opened(self) -> Opened:
        raise NotImplementedError

    @pytest.mark.parametrize(("filters", "passes"), FILTERS)
    @pytest.mark.parametrize("limit", [3, 20])
    def test_pages_hold_all_that_passes_newest_first(self, opened: Opened, filters, passes, limit):
        async def pages(reads: RecommendationReads) -> AsyncIterator[list[str]]:
            cursor = None
            while True:
                page = await reads.latest(RecommendationFilter(**filters, limit=limit, cursor=cursor))
                yield [row.id for row in page.items]
                cursor = page.next_cursor
                if cursor is None:
                    return

        async def scenario() -> list[list[str]]:
            async with opened(STORED) as reads:
                return [page async for page in pages(reads)]

        found = asyncio.run(scenario())
        kept = {event.id for event in STORED if passes(event)}

        assert [one for page in found for one in page] == [one for one in NEWEST_FIRST if one in kept]
        assert all(len(page) == limit for page in found[:-1])

    def test_a_row_is_its_event_rendered(self, opened: Opened):
        async def scenario():
            async with opened(STORED) as reads:
                page = await reads.latest(RecommendationFilter(limit=1))
                return (
                    page.items[0],
                    await reads.by_id(page.items[0].id),
                    await reads.events([page.items[0].id, STORED[0].id, "none"]),
                )

        row, detailed, events = asyncio.run(scenario())
        event = events[row.id]

        assert events.keys() == {row.id, STORED[0].id}
        assert event.model_dump_json() == next(one for one in STORED if one.id == row.id).model_dump_json()
        assert (row.decided_at, row.valid_until) == (event.decided_at, event.valid_until)
        body = orjson.loads(row.body)
        assert (body["id"], body["action"], body["explanation"]["summary"]) == (event.id, event.action, event.summary)
        assert "features" not in body
        assert orjson.loads(detailed.body)["features"]["raw"].keys() == event.raw.model_dump().keys()

    def test_an_unknown_id_is_none(self, opened: Opened):
        async def scenario():
            async with opened(STORED) as reads:
                return await reads.by_id("00000000-0000-0000-0000-000000000000")

        assert asyncio.run(scenario()) is None

    def test_a_foreign_cursor_is_refused(self, opened: Opened):
        async def scenario():
            async with opened(STORED) as reads:
                await reads.latest(RecommendationFilter(cursor="x"))

        with pytest.raises(UnreadableCursor):
            asyncio.run(scenario())

    @pytest.mark.parametrize("limit", [1, 3, 100])
    def test_following_a_place_reads_everything_behind_it_once_and_each_partition_in_order(self, opened: Opened, limit):
        async def scenario():
            async with opened(STORED) as reads:
                place, seen = Place({0: 4}), []
                while (following := await reads.following(place, limit)).items:
                    seen += [(row.id, row.partition, row.offset) for row in following.items]
                    place = following.place
                return seen, place, await reads.newest_place()

        seen, place, newest = asyncio.run(scenario())

        assert sorted(one for one, _, _ in seen) == sorted(
            event.id for number, event in enumerate(STORED) if number % 2 or number // 2 >= 4
        )
        assert place == newest == Place({0: 10, 1: 10})
        for wanted in (0, 1):
            offsets = [offset for _, partition, offset in seen if partition == wanted]
            assert sorted(offsets) == offsets

"""What is asked of the Postgres read models, held against the events themselves."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import orjson
import psycopg
import pytest

from infra.local.stack import EmbeddedStack
from projections.paging import Place, UnreadableCursor
from projections.ports import StoreRejected, StoreUnavailable
from projections.postgres_runner import PostgresSink
from projections.versions import Projection
from projections.views.recommendations import (
    RecommendationFilter,
    RecommendationsView,
    latest_recommendations,
    newest_place,
    recommendation_by_id,
    recommendation_events,
    recommendations_since,
    render,
)
from projections.views.symbols import Series, SymbolsView, symbols
from schemas.events.recommendations import RecommendationMade
from schemas.ids import derived_id
from tests.builders import MINUTE, T0, bar
from tests.integration.projections.world import PARTITIONS, World
from tests.unit.projections.views.rows import recommendation

pytestmark = pytest.mark.stack

T = TypeVar("T")
COUNT = 240
EVENTS = [
    recommendation(
        id=derived_id("recommendations.made", number),
        symbol=f"S{number % 5}",
        interval=("1m", "5m")[number % 2],
        action=("HOLD", "BUY", "HOLD", "SELL")[number % 4],
        confidence=(number * 37 % 100) / 100,
        decided_at=T0 + number // 3 * MINUTE,  # three share a time: the id decides
        valid_until=T0 + (number // 3 + 2) * MINUTE,
    )
    for number in range(COUNT)
]
BY_ID = {event.id: event for event in EVENTS}
NEWEST_FIRST = sorted(EVENTS, key=lambda event: (event.decided_at, event.id), reverse=True)


@pytest.fixture(scope="module")
def library(stack: EmbeddedStack) -> Iterator[World]:
    """A world that is filled once and only read from."""
    made = World(stack, f"t{uuid.uuid4().hex[:12]}")
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def stored(library: World) -> Projection:
    return filled(library)


def filled(world: World) -> Projection:
    projection = world.projection()
    world.produce(EVENTS)
    store(world, projection)
    return projection


def store(world: World, projection: Projection) -> None:
    world.run_to_end(projection, PostgresSink(RecommendationsView(world.codec, projection), world.connect))


def ask(world: World, question: Callable[[psycopg.AsyncConnection[Any]], Awaitable[T]]) -> T:
    async def answer() -> T:
        connection = await world.connect_async()
        async with connection:
            return await question(connection)

    return asyncio.run(answer())


FILTERS = [
    RecommendationFilter(limit=17),
    RecommendationFilter(symbols=("S1",), limit=5),
    RecommendationFilter(symbols=("S3", "S1", "S1", "GONE"), limit=9),
    RecommendationFilter(action="BUY", limit=7),
    RecommendationFilter(action="SELL", min_confidence=0.5, limit=7),
    RecommendationFilter(min_confidence=1.0),
    RecommendationFilter(since=T0 + 40 * MINUTE, limit=50),
    RecommendationFilter(interval="5m", limit=30),
    RecommendationFilter(symbols=("S2", "S4"), action="HOLD", min_confidence=0.25, since=T0 + MINUTE, interval="1m", limit=3),
]


def passing(filters: RecommendationFilter) -> list[str]:
    return [
        event.id
        for event in NEWEST_FIRST
        if (not filters.symbols or event.symbol in filters.symbols)
        and filters.action in (None, event.action)
        and (filters.min_confidence is None or event.confidence >= filters.min_confidence)
        and (filters.since is None or event.decided_at >= filters.since)
        and filters.interval in (None, event.interval)
    ]


def test_pages_follow_each_other_without_gap_or_repeat_whatever_the_filter(library: World, stored: Projection) -> None:
    async def pages(connection: psycopg.AsyncConnection[Any], filters: RecommendationFilter) -> list[str]:
        ids: list[str] = []
        while True:
            page = await latest_recommendations(connection, filters, projection=stored)
            ids += [item.id for item in page.items]
            assert len(page.items) == filters.limit or page.next_cursor is None
            if page.next_cursor is None:
                return ids
            filters = replace(filters, cursor=page.next_cursor)

    for filters in FILTERS:
        assert passing(filters) == ask(library, lambda connection, filters=filters: pages(connection, filters))  # type: ignore[misc]


def test_an_item_is_rendered_and_knows_its_times(library: World, stored: Projection) -> None:
    page = ask(library, lambda connection: latest_recommendations(connection, RecommendationFilter(limit=1), projection=stored))

    [item] = page.items
    event = BY_ID[item.id]
    assert (event.decided_at, event.valid_until) == (item.decided_at, item.valid_until)
    assert render(event.model_dump()) == item.body


def test_one_recommendation_comes_with_its_features(library: World, stored: Projection) -> None:
    event = EVENTS[7]

    found = ask(library, lambda connection: recommendation_by_id(connection, event.id, projection=stored))

    assert found is not None
    assert orjson.loads(render(event.model_dump(), features=True)) == orjson.loads(found.body)


@pytest.mark.parametrize("unknown", ["nonsense", "", derived_id("recommendations.made", -1)])
def test_an_id_that_is_not_known_is_nothing(library: World, stored: Projection, unknown: str) -> None:
    assert ask(library, lambda connection: recommendation_by_id(connection, unknown, projection=stored)) is None


def test_whole_events_come_back_by_id(library: World, stored: Projection) -> None:
    ids = [EVENTS[3].id, "nonsense", EVENTS[100].id]

    found = ask(library, lambda connection: recommendation_events(connection, ids, projection=stored))

    assert {EVENTS[3].id, EVENTS[100].id} == set(found)
    assert all(isinstance(event, RecommendationMade) and repr(BY_ID[one]) == repr(event) for one, event in found.items())


def test_a_cursor_that_was_not_given_out_is_refused(library: World, stored: Projection) -> None:
    filters = RecommendationFilter(cursor="AAAA")

    with pytest.raises(UnreadableCursor):
        ask(library, lambda connection: latest_recommendations(connection, filters, projection=stored))


def test_following_from_the_start_gives_every_recommendation_once(library: World, stored: Projection) -> None:
    async def follow(connection: psycopg.AsyncConnection[Any]) -> tuple[list[str], Place]:
        place = Place({})
        ids: list[str] = []
        while True:
            following = await recommendations_since(connection, place, 11, projection=stored)
            assert len(following.items) <= 11 * PARTITIONS
            if not following.items:
                return ids, place
            ids += [item.id for item in following.items]
            place = Place.parse(following.place.text())

    ids, place = ask(library, follow)

    assert sorted(BY_ID) == sorted(ids)
    now = ask(library, lambda connection: newest_place(connection, projection=stored))
    assert place.next_offsets.items() == {item for item in now.next_offsets.items() if item[1]}


def test_from_now_on_only_what_comes_then_is_given(world: World) -> None:
    stored = filled(world)
    place = ask(world, lambda connection: newest_place(connection, projection=stored))
    event = recommendation(id=derived_id("recommendations.made", "new"), decided_at=T0, symbol="S1")
    world.produce([event])
    store(world, stored)

    following = ask(world, lambda connection: recommendations_since(connection, place, projection=stored))

    assert [event.id] == [item.id for item in following.items]
    again = ask(world, lambda connection: recommendations_since(connection, following.place, projection=stored))
    assert () == again.items


def test_symbols_are_told_with_their_series(world: World) -> None:
    projection = world.projection()
    late = bar(symbol="ES", revision=1, close=50.0, source="feed", start=T0)
    world.produce([bar(symbol="ES", start=T0 + at * MINUTE, close=100.0 + at, source="feed") for at in range(3)])
    world.produce([late, bar(symbol="ES", interval="1d", close=98.0), bar(symbol="AAPL", close=20.0)])
    world.run_to_end(projection, PostgresSink(SymbolsView(world.codec, projection), world.connect))

    aapl, es = ask(world, lambda connection: symbols(connection, projection=projection))

    assert ("AAPL", 20.0, T0 + MINUTE, 1) == (aapl.symbol, aapl.price, aapl.as_of, len(aapl.series))
    assert Series("1m", "feed", 3, T0, T0 + 3 * MINUTE, 102.0) in es.series
    assert ("ES", 98.0, 2) == (es.symbol, es.price, len(es.series))


def test_tables_that_are_not_there_are_a_refusal_and_a_lost_connection_is_not(world: World) -> None:
    nowhere = Projection("nothing", "nowhere", 1, "nowhere")

    async def after_the_end(connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.close()
        await symbols(connection, projection=nowhere)

    with pytest.raises(StoreRejected, match="does not exist"):
        ask(world, lambda connection: symbols(connection, projection=nowhere))
    with pytest.raises(StoreUnavailable):
        ask(world, after_the_end)

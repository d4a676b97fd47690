"""Bars and features from Kafka into ClickHouse, which shares no transaction with anything: each once all the same."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pytest

from projections.clickhouse_runner import ClickHouseSink
from projections.patience import RunnerSettings
from projections.ports import Analytics, StoreRejected
from projections.versions import Projection
from projections.views.bars import BarsView, bars
from projections.views.features import FeaturesView, features
from schemas.events.market import BarClosed
from schemas.events.signals import FeaturesComputed
from schemas.features import FEATURE_NAMES
from schemas.ids import derived_id
from schemas.values import parse_time
from tests.builders import MINUTE, T0, bar
from tests.integration.projections.world import World
from tests.unit.projections.views import rows

pytestmark = pytest.mark.stack

COUNT = 250


class Crash(Exception):  # noqa: N818
    """The process ends here."""


class Crashing:
    """An analytics store whose owner dies at the second insert: before it, or when it is done and nobody knows."""

    def __init__(self, analytics: Analytics, *, after_insert: bool) -> None:
        self._analytics = analytics
        self._after_insert = after_insert
        self.inserts: list[list[str]] = []

    def insert(self, table: str, columns: Mapping[str, Any]) -> None:
        self.inserts.append(list(columns["id"]))
        if len(self.inserts) == 2 and not self._after_insert:
            raise Crash
        self._analytics.insert(table, columns)
        if len(self.inserts) == 2:
            raise Crash

    def __getattr__(self, name: str) -> Any:
        return getattr(self._analytics, name)


def some_bars(count: int = COUNT, **changes: Any) -> list[BarClosed]:
    return [
        bar(
            id=derived_id("market.bar", changes.get("source", "test"), number),
            symbol=f"S{number % 5}",
            start=T0 + number * MINUTE,
            close=100.0 + number,
            **changes,
        )
        for number in range(count)
    ]


def some_features(count: int = COUNT) -> list[FeaturesComputed]:
    return [
        rows.features(
            id=derived_id("signals.features", number),
            symbol=f"S{number % 5}",
            as_of=T0 + number * MINUTE,
            inputs=tuple(f"input-{one}" for one in range(number % 20)),
            missing=("market.news",) if number % 3 else (),
        )
        for number in range(count)
    ]


def bars_sink(world: World, projection: Projection, analytics: Any = None) -> ClickHouseSink:
    return ClickHouseSink(BarsView(world.codec, projection), analytics or world.analytics, world.connect)


def stored_ids(world: World, projection: Projection, table: str = "bars") -> list[str]:
    return world.analytics.query(f"SELECT toString(id) AS id FROM {projection.schema}.{table} FINAL ORDER BY id")["id"]


def content(world: World, projection: Projection, table: str) -> dict[str, list[Any]]:
    return world.analytics.query(f"SELECT toString(tuple(*)) AS row FROM {projection.schema}.{table} FINAL ORDER BY row")


def test_each_committed_bar_is_stored_once(world: World) -> None:
    events, projection = some_bars(), world.projection()
    world.produce(events[:100])
    world.produce([bar(symbol="GONE")], commit=False)
    world.produce(events[100:])

    world.run_to_end(projection, bars_sink(world, projection))

    assert sorted(event.id for event in events) == stored_ids(world, projection)
    assert [] == world.rows(
        "SELECT 1 FROM projections.projection_ranges WHERE projection = %s AND done_at IS NULL", (projection.name,)
    )


@pytest.mark.parametrize("after_insert", [False, True])
def test_a_range_whose_owner_died_is_cut_again_exactly_and_stored_once(world: World, after_insert: bool) -> None:
    events, projection = some_bars(), world.projection()
    world.produce(events)
    first = Crashing(world.analytics, after_insert=after_insert)
    with pytest.raises(Crash), world.running(world.runner(bars_sink(world, projection, first))):
        world.until(lambda: len(first.inserts) == 2, "the second insert")
    world.produce(some_bars(50, source="later"))
    second = Crashing(world.analytics, after_insert=True)
    second.inserts.extend([["two crashes"], ["are behind it"]])

    world.run_to_end(projection, bars_sink(world, projection, second), RunnerSettings(records_max=10_000, wait_s=0.5))

    assert sorted(first.inserts[1]) == sorted(second.inserts[2])
    later = [event.id for event in some_bars(50, source="later")]
    assert sorted([*(event.id for event in events), *later]) == stored_ids(world, projection)


def test_rows_that_are_inserted_again_are_read_once(world: World) -> None:
    projection = world.projection()
    world.produce(some_bars(50))
    world.run_to_end(projection, bars_sink(world, projection))
    world.rows("UPDATE projections.projection_offsets SET next_offset = 0 WHERE projection = %s RETURNING 1", (projection.name,))

    world.run_to_end(projection, bars_sink(world, projection))

    assert 50 == len(stored_ids(world, projection))


def test_a_bar_is_read_in_its_current_revision(world: World) -> None:
    projection = world.projection()
    ids = [derived_id("market.bar", "test", revision) for revision in range(3)]
    revisions = [bar(symbol="ES", revision=at, close=100.0 + at, id=ids[at]) for at in (0, 2, 1)]
    world.produce([*revisions, bar(symbol="ES", start=T0 + MINUTE)])

    world.run_to_end(projection, bars_sink(world, projection))

    first, second = bars(world.analytics, "ES", "1m", projection=projection)
    assert (ids[2], 2, 102.0) == (first.id, first.revision, first.close)
    assert T0 + MINUTE == second.start


def test_bars_come_back_as_they_were(world: World) -> None:
    projection = world.projection()
    event = bar(symbol="BRK.B", interval="1d", start=parse_time("2013-09-02T00:00:00Z"), close=3.1 + 0.2, origin_kind="vendor")
    world.produce([event])
    world.run_to_end(projection, bars_sink(world, projection))

    [found] = bars(world.analytics, "BRK.B", "1d", projection=projection)

    assert event.model_dump(exclude={"inputs"}) == asdict(found)


def test_the_newest_bars_of_a_range_come_oldest_first(world: World) -> None:
    projection = world.projection()
    events = [bar(symbol="ES", start=T0 + at * MINUTE, close=100.0 + at) for at in range(30)]
    world.produce(
        [*events, bar(symbol="ES", interval="5m"), bar(symbol="NQ"), bar(symbol="ES", start=T0 + 3 * MINUTE, source="feed")]
    )
    world.run_to_end(projection, bars_sink(world, projection))

    found = bars(world.analytics, "ES", "1m", T0 + 5 * MINUTE, T0 + 20 * MINUTE, 4, projection=projection)

    assert [T0 + at * MINUTE for at in (16, 17, 18, 19)] == [row.start for row in found]
    assert 31 == len(bars(world.analytics, "ES", "1m", projection=projection))
    assert 30 == len(bars(world.analytics, "ES", "1m", source="test", projection=projection))
    assert [] == bars(world.analytics, "UNKNOWN", "1m", projection=projection)


def test_a_replay_of_many_years_is_inserted(world: World) -> None:
    projection = world.projection()
    days = [f"{year}-{month:02}-01T00:00:00Z" for year in range(1995, 2007) for month in range(1, 13)]
    world.produce([bar(symbol="OLD", interval="1d", start=parse_time(day)) for day in days], partition=0)

    world.run_to_end(projection, bars_sink(world, projection), RunnerSettings(records_max=10_000, wait_s=0.5))

    assert len(days) == len(bars(world.analytics, "OLD", "1d", projection=projection))


def test_features_come_back_as_they_were(world: World) -> None:
    projection, events = world.projection(), some_features()
    world.produce(events)
    world.run_to_end(projection, ClickHouseSink(FeaturesView(world.codec, projection), world.analytics, world.connect))

    found = {row.id: row for row in features(world.analytics, "S3", "1m", projection=projection)}

    assert {event.id for event in events if event.symbol == "S3"} == set(found)
    for event in events:
        if event.symbol == "S3":
            row = found[event.id]
            expected = event.model_dump(exclude={"raw", "normalised", "as_of"}) | {"timestamp": event.as_of}
            assert expected == {name: value for name, value in asdict(row).items() if name not in ("raw", "normalised")}
            assert repr(event.raw.model_dump()) == repr(row.raw)
            assert repr(event.normalised.model_dump()) == repr(row.normalised)
            assert list(FEATURE_NAMES) == list(row.raw)


def test_features_without_any_missing_are_stored_too(world: World) -> None:
    projection = world.projection()
    world.produce([rows.features(missing=(), inputs=())])

    world.run_to_end(projection, ClickHouseSink(FeaturesView(world.codec, projection), world.analytics, world.connect))

    assert 1 == len(stored_ids(world, projection, "symbol_features"))


def test_features_have_the_columns_that_analysts_ask_for(world: World) -> None:
    projection = world.projection()
    world.produce([rows.features()])
    world.run_to_end(projection, ClickHouseSink(FeaturesView(world.codec, projection), world.analytics, world.connect))

    text = f"SELECT symbol, price, volume, rsi, macd, sentiment, social_score FROM {projection.schema}.symbol_features FINAL"
    found = world.analytics.query(text)

    raw = rows.features().raw
    assert (raw.rsi_14, raw.macd, raw.sentiment_score, raw.social_score) == tuple(
        found[name][0] for name in ("rsi", "macd", "sentiment", "social_score")
    )


def test_version_2_is_built_beside_version_1_and_equals_it(world: World) -> None:
    world.produce(some_bars())
    first, second = world.projection(), world.projection(version=2)

    world.run_to_end(first, bars_sink(world, first))
    world.run_to_end(second, bars_sink(world, second))

    assert COUNT == len(stored_ids(world, first))
    assert content(world, first, "bars") == content(world, second, "bars")


def test_bad_records_become_dead_letters_and_the_others_are_stored(world: World) -> None:
    projection = world.projection()
    world.produce([b"nonsense", *some_bars(3)], partition=2)

    world.run_to_end(projection, bars_sink(world, projection))

    assert 3 == len(stored_ids(world, projection))
    assert [(2, 0, "undecodable")] == [(one.partition, one.offset, one.code) for one in world.dead_letters()]


def test_a_table_that_is_not_there_ends_the_runner_and_nothing_is_passed_by(world: World) -> None:
    projection = world.projection()
    world.analytics.execute(f"DROP TABLE {projection.schema}.bars SYNC")
    world.produce(some_bars(5), partition=0)

    with pytest.raises(StoreRejected):
        world.run_to_end(projection, bars_sink(world, projection))

    assert 0 == world.stands(projection)[0]
    assert [] == world.dead_letters()

"""Recommendations from Kafka into Postgres: each once, whatever happens on the way."""

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient

from infra.local.stack import EmbeddedStack
from projections.offsets import Fenced, Move, advance
from projections.ports import StoreUnavailable
from projections.postgres_runner import PostgresSink
from projections.versions import Projection
from projections.views.recommendation_rows import Copies
from projections.views.recommendations import RecommendationsView
from projections.views.symbols import SymbolsView
from schemas.events.recommendations import RecommendationMade
from schemas.ids import derived_id
from tests.builders import MINUTE, T0, bar, codec
from tests.integration.projections.world import World
from tests.unit.projections.views.rows import recommendation, records

pytestmark = pytest.mark.stack

COUNT = 300


def some(count: int = COUNT, first: int = 0) -> list[RecommendationMade]:
    return [
        recommendation(
            id=derived_id("recommendations.made", number),
            symbol=f"S{number % 7}",
            decided_at=T0 + number * MINUTE,
            valid_until=T0 + (number + 2) * MINUTE,
            confidence=(number * 37 % 100) / 100,
        )
        for number in range(first, first + count)
    ]


def sink(world: World, projection: Projection) -> PostgresSink[Copies]:
    return PostgresSink(RecommendationsView(world.codec, projection), world.connect)


def ids(world: World, projection: Projection, table: str = "recommendations", column: str = "id") -> list[str]:
    return [row[0] for row in world.rows(f"SELECT {column}::text FROM {projection.schema}.{table} ORDER BY 1")]


def move(world: World, epoch: int, first: int, end: int) -> Move:
    return Move(world.topic, 0, epoch, first, end)


def content(world: World, projection: Projection) -> list[tuple[Any, ...]]:
    text = f"""SELECT r.*, e.summary, e.rendered, e.raw::text, e.normalised::text, e.contributions::text
        FROM {projection.schema}.recommendations r
        JOIN {projection.schema}.recommendation_explanations e ON e.recommendation_id = r.id ORDER BY r.id"""
    return world.rows(text)


def test_each_committed_event_is_stored_once_with_its_place(world: World) -> None:
    events, projection = some(), world.projection()
    world.produce(events[:100])
    world.produce(some(20, first=9_000), commit=False)
    world.produce(events[100:])

    world.run_to_end(projection, sink(world, projection))

    expected = sorted(event.id for event in events)
    assert expected == ids(world, projection)
    assert expected == ids(world, projection, "recommendation_explanations", "recommendation_id")
    places = world.rows(f"SELECT kafka_topic, kafka_partition, kafka_offset FROM {projection.schema}.recommendations")
    assert COUNT == len(set(places))
    assert {world.topic} == {topic for topic, _, _ in places}


def test_runs_that_are_broken_off_and_taken_up_again_store_each_event_once(world: World) -> None:
    events, projection = some(), world.projection()
    world.produce(events)
    chance = random.Random(7)

    for _ in range(4):
        with world.running(world.runner(sink(world, projection))):
            already = world.watcher.stored
            world.until(lambda already=already: world.watcher.stored > already, "something stored")  # type: ignore[misc]
        world.produce(some(5, first=COUNT + 1_000 * chance.randrange(1, 9)))
    world.run_to_end(projection, sink(world, projection))

    assert len(world.rows(f"SELECT id FROM {projection.schema}.recommendations")) == len(set(ids(world, projection)))
    assert set(ids(world, projection)) >= {event.id for event in events}


def test_an_event_that_was_produced_twice_keeps_its_first_place(world: World) -> None:
    events, projection = some(10), world.projection()
    world.produce([*events, *events], partition=0)
    world.produce(events, partition=1)

    world.run_to_end(projection, sink(world, projection))

    assert sorted(event.id for event in events) == ids(world, projection)


def test_what_is_stored_already_stays_as_it_is_and_the_new_rows_of_its_batch_are_stored(world: World) -> None:
    projection, events = world.projection(), some(30)
    owner = sink(world, projection)
    [claim] = owner.claim([(world.topic, 0)])
    owner.write(owner.fold(records(*events[10:20])).rows, [move(world, claim.epoch, 0, 110)])
    before = content(world, projection)

    changed = [event.model_copy(update={"price": 1.0, "summary": "another"}) for event in events[10:20]]
    again = owner.fold(records(*events[:10], *changed, *events[20:], events[0])).rows
    owner.write(again, [move(world, claim.epoch, 110, 141)])

    after = content(world, projection)
    assert sorted(event.id for event in events) == ids(world, projection)
    assert sorted(event.id for event in events) == ids(world, projection, "recommendation_explanations", "recommendation_id")
    assert set(before) <= set(after)
    assert {0: 141} == world.stands(projection)
    owner.write(owner.fold(records(*some(5, first=50))).rows, [move(world, claim.epoch, 141, 146)])
    assert 35 == len(content(world, projection))


def test_bad_records_become_dead_letters_with_their_place(world: World) -> None:
    projection = world.projection()
    world.produce([b"nonsense", *some(3), b"\x00\x00\x00\x00\x63x"], partition=1)

    world.run_to_end(projection, sink(world, projection))

    assert 3 == len(ids(world, projection))
    letters = world.dead_letters()
    assert [(1, 0, "undecodable"), (1, 4, "unknown_schema")] == [(one.partition, one.offset, one.code) for one in letters]
    assert [b"nonsense", b"\x00\x00\x00\x00\x63x"] == [one.record_value for one in letters]
    assert {(world.topic, f"projections/{projection}", b"bad")} == {(one.topic, one.agent, one.record_key) for one in letters}


def test_a_former_owner_that_comes_back_is_fenced_and_leaves_nothing(world: World) -> None:
    projection = world.projection()
    zombie, owner = sink(world, projection), sink(world, projection)
    rows = zombie.fold(records(*some(5))).rows
    [old] = zombie.claim([(world.topic, 0)])

    [new] = owner.claim([(world.topic, 0)])
    with pytest.raises(Fenced, match="expected"):
        zombie.write(rows, [move(world, old.epoch, 0, 105)])

    assert [] == ids(world, projection)
    assert (old.next_offset, old.epoch + 1) == (new.next_offset, new.epoch)
    owner.write(rows, [move(world, new.epoch, 0, 105)])
    assert 5 == len(ids(world, projection))


def test_who_takes_over_waits_for_a_transaction_under_way_and_reads_on_behind_it(world: World) -> None:
    projection = world.projection()
    [old] = sink(world, projection).claim([(world.topic, 0)])
    with ThreadPoolExecutor(1) as other, world.connect() as connection:
        with connection.transaction(), connection.cursor() as cursor:
            assert advance(cursor, projection, [move(world, old.epoch, 0, 102)])
            taking_over = other.submit(sink(world, projection).claim, [(world.topic, 0)])
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
            world.until(lambda: world.rows(waiting) != [(0,)], "the new owner waits")
            assert not taking_over.done()
        [new] = taking_over.result(20)

    assert (102, old.epoch + 1) == (new.next_offset, new.epoch)


def test_a_write_whose_answer_was_lost_is_not_done_twice(world: World) -> None:
    projection = world.projection()
    owner = PostgresSink(SymbolsView(world.codec, projection), world.connect)
    [claim] = owner.claim([(world.topic, 0)])
    rows = owner.fold(records(bar(), bar(start=T0 + MINUTE))).rows
    moves = [move(world, claim.epoch, 0, 102)]

    owner.write(rows, moves)
    owner.write(rows, moves)

    assert [(2,)] == world.rows(f"SELECT bars FROM {projection.schema}.symbols")


def test_version_2_is_built_beside_version_1_and_equals_it(world: World) -> None:
    world.produce(some())
    first = world.projection()
    world.run_to_end(first, sink(world, first))
    second = world.projection(version=2)

    world.run_to_end(second, sink(world, second))

    assert COUNT == len(content(world, first))
    assert content(world, first) == content(world, second)


def test_two_runners_share_the_partitions_and_store_each_event_once(world: World) -> None:
    projection = world.projection()
    world.produce(some(150))
    with world.running(world.runner(sink(world, projection)), world.runner(sink(world, projection))):
        world.until(lambda: len(ids(world, projection)) >= 100, "a beginning")
        world.produce(some(150, first=150))
        ends = world.ends()
        world.until(lambda: world.stands(projection) == ends, f"{projection} at {ends}")

    assert sorted(event.id for event in some()) == ids(world, projection)


def test_sessions_that_the_server_ends_are_replaced(world: World) -> None:
    projection = world.projection()
    name = f"{world.namespace}-runner"

    def connect() -> psycopg.Connection[Any]:
        connection = world.connect()
        connection.execute("SELECT set_config('application_name', %s, false)", (name,))
        return connection

    world.produce(some(100))
    with world.running(world.runner(PostgresSink(RecommendationsView(world.codec, projection), connect))):
        for batch in range(1, 4):
            world.until(lambda batch=batch: len(ids(world, projection)) == 100 * batch, "a batch")  # type: ignore[misc]
            world.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", (name,))
            world.produce(some(100, first=100 * batch))
        world.until(lambda: len(ids(world, projection)) == 400, "the last batch")

    assert world.watcher.retries
    assert sorted(event.id for event in some(400)) == ids(world, projection)


def test_a_store_that_cannot_be_reached_is_unavailable() -> None:
    def refuse() -> psycopg.Connection[Any]:
        raise psycopg.OperationalError("connection refused")

    unreachable = PostgresSink(RecommendationsView(codec(), Projection("nothing", "nowhere")), refuse)

    with pytest.raises(StoreUnavailable, match="connection refused"):
        unreachable.claim([("nowhere", 0)])


def test_positions_are_mirrored_to_the_group_for_lag_tools(world: World, stack: EmbeddedStack) -> None:
    projection = world.projection()
    world.produce(some(50))
    admin = AdminClient({"bootstrap.servers": stack.endpoints().kafka})

    def mirrored() -> set[int]:
        [future] = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(projection.group)]).values()
        return {part.offset for part in future.result().topic_partitions}

    with world.running(world.runner(sink(world, projection))):
        ends = world.ends()
        world.until(lambda: world.stands(projection) == ends, "the end")
        world.until(lambda: max(mirrored(), default=0) >= max(ends.values()), "the group's offsets")
        world.until(lambda: set(world.watcher.records_behind.values()) == {0}, "nothing behind")

"""What a runner does when things go wrong, and when they do not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from threading import Event

import pytest
from confluent_kafka import KafkaError

from projections.intake import LogError
from projections.patience import RunnerSettings
from projections.ports import Ambient, StoreRejected, StoreUnavailable
from projections.runner import Runner
from tests.fakes.tracing import FakeTracing
from tests.unit.projections.log import FakeConsumer, FakeLetters, FakeObserver, FakeSink, FakeStore, FakeTopic

STEPS_MAX = 4_000


@dataclass
class World:
    """A runner and all that it touches; its clock moves a bit each time somebody looks."""

    topic: FakeTopic = field(default_factory=FakeTopic)
    store: FakeStore = field(default_factory=FakeStore)
    letters: FakeLetters = field(default_factory=FakeLetters)
    observer: FakeObserver = field(default_factory=FakeObserver)
    tracing: FakeTracing = field(default_factory=FakeTracing)
    consumers: list[FakeConsumer] = field(default_factory=list)
    stop: Event = field(default_factory=Event)
    now: float = 1_000.0
    ticks: Iterator[int] = field(default_factory=count)
    settings: RunnerSettings = field(default_factory=lambda: RunnerSettings(records_max=3, report_s=0, retry_first_s=0.5))

    def run(self, until: Callable[["World"], bool]) -> FakeSink:
        """Run until something holds, looked at whenever the runner reads its clock."""

        def monotonic() -> float:
            step = next(self.ticks)
            if until(self) or step > STEPS_MAX:
                self.stop.set()
            return step / 20

        sink = FakeSink(self.store)
        ambient = Ambient(now=lambda: self.now, monotonic=monotonic, jitter=lambda: 1.0)
        Runner(sink, self.open_consumer, self.letters, self.observer, ambient, self.settings, self.tracing).run(self.stop)
        assert until(self), "it never came to that"
        return sink

    def open_consumer(self, settings: object) -> FakeConsumer:
        self.consumers.append(FakeConsumer(self.topic, dict(settings)))  # type: ignore[call-overload]
        return self.consumers[-1]


@pytest.fixture
def world() -> World:
    made = World()
    made.topic.append(0, b"a", b"b")
    made.topic.append(0, b"c", b"d", gap=2)
    made.topic.append(1, b"e")
    return made


def all_stored(world: World) -> bool:
    return {p: world.topic.end(p) for p in world.topic.partitions} == world.store.offsets


def test_every_record_is_stored_once_and_the_offsets_are_behind_the_last(world: World) -> None:
    sink = world.run(all_stored)

    assert [b"a", b"b", b"c", b"d", b"e"] == sorted(world.store.rows)
    assert {0: 6, 1: 1} == world.store.offsets
    assert sink.closed
    assert world.consumers[0].closed


def test_the_moves_of_a_partition_join_without_gaps(world: World) -> None:
    world.run(all_stored)

    joined = [(move.first_offset, move.next_offset) for moves in world.store.moves for move in moves if move.partition == 0]

    assert [(0, 5), (5, 6)] == joined


def test_reading_begins_where_the_store_stands_whatever_the_group_says(world: World) -> None:
    world.store.offsets = {0: 5, 1: 1}

    world.run(all_stored)

    assert [b"d"] == world.store.rows
    assert [{0: 5, 1: 1}] == world.consumers[0].started_from


def test_the_settings_that_correctness_hangs_on_reach_the_consumer(world: World) -> None:
    world.run(all_stored)

    settings = world.consumers[0].settings

    assert ("read_committed", False, "error") == tuple(
        settings[name] for name in ("isolation.level", "enable.auto.commit", "auto.offset.reset")
    )
    assert settings["group.id"] == "projections.test.v1"


def test_a_store_that_is_not_available_is_asked_again_with_the_same_batch(world: World) -> None:
    world.store.failures = [StoreUnavailable("down")] * 3

    world.run(all_stored)

    assert [b"a", b"b", b"c", b"d", b"e"] == sorted(world.store.rows)
    assert [(1, 0.5), (2, 1.0), (3, 2.0)] == world.observer.retries


def test_a_partition_is_taken_over_as_soon_as_the_store_can_be_asked(world: World) -> None:
    world.store.claim_failures = [StoreUnavailable("down")] * 2

    world.run(all_stored)

    assert [b"a", b"b", b"c", b"d", b"e"] == sorted(world.store.rows)
    assert 1 == len(world.consumers[0].started_from)


def test_while_a_store_is_asked_again_nothing_is_fetched(world: World) -> None:
    paused = []
    world.store.on_write = lambda: paused.append(bool(world.consumers[0].paused))
    world.store.failures = [StoreUnavailable("down")] * 2

    world.run(all_stored)

    assert [False, True] == paused[:2]
    assert not world.consumers[0].paused


def test_the_time_between_attempts_has_a_limit(world: World) -> None:
    world.store.failures = [StoreUnavailable("down")] * 9

    world.run(all_stored)

    assert max(delay for _, delay in world.observer.retries) == world.settings.retry_max_s


def test_what_a_former_owner_left_behind_is_refused_and_the_group_joined_anew(world: World) -> None:
    def taken_over() -> None:
        world.store.on_write = lambda: None
        world.store.epochs[0] += 1

    world.store.on_write = taken_over

    world.run(all_stored)

    assert [b"a", b"b", b"c", b"d", b"e"] == sorted(world.store.rows)
    assert (1, 2) == (world.observer.fences, len(world.consumers))
    assert world.consumers[0].closed


def test_after_a_rebalance_reading_goes_on_where_the_store_stands(world: World) -> None:
    def rebalance() -> None:
        world.store.on_write = lambda: None
        world.consumers[0].rebalance([0, 1])

    world.store.on_write = rebalance

    world.run(all_stored)

    assert [b"a", b"b", b"c", b"d", b"e"] == sorted(world.store.rows)
    assert {0: 2, 1: 2} == world.store.epochs


def test_partitions_that_were_given_up_are_left_alone(world: World) -> None:
    world.store.offsets, world.store.epochs = {0: 0, 1: 0}, {0: 0, 1: 0}

    def rebalance() -> None:
        world.consumers[0].rebalance([1])
        world.store.on_write = lambda: None
        raise StoreUnavailable("down")

    world.store.on_write = rebalance

    world.run(lambda w: w.store.offsets == {0: 0, 1: 1})

    assert [b"e"] == world.store.rows


def test_bad_records_become_dead_letters_and_the_others_are_stored(world: World) -> None:
    world.topic.append(1, b"bad", b"f")

    world.run(all_stored)

    [letter] = world.letters.kept
    assert ("test.v1", "words", 1, 1, b"key", b"bad") == (
        *(letter.projection, letter.topic, letter.partition, letter.offset, letter.key, letter.value),
    )
    assert b"f" in world.store.rows
    assert b"bad" not in world.store.rows
    assert (7, 1) == (world.observer.wrote_records, world.observer.wrote_bad)


def test_a_dead_letter_that_cannot_be_kept_stops_the_runner_before_anything_moves(world: World) -> None:
    world.topic.append(0, b"bad")
    world.store.offsets = {0: 6, 1: 0}
    world.letters.failure = OSError("no broker")

    with pytest.raises(OSError, match="no broker"):
        world.run(all_stored)

    assert {0: 6, 1: 0} == world.store.offsets
    assert world.consumers[0].closed


def test_a_value_that_the_store_refuses_alone_becomes_a_dead_letter(world: World) -> None:
    world.settings = RunnerSettings(records_max=100, report_s=0)
    world.topic.append(0, b"bad")
    world.store.refused = b"c"

    world.run(all_stored)

    assert [b"a", b"b", b"d", b"e"] == sorted(world.store.rows)
    assert {b"c", b"bad"} == {letter.value for letter in world.letters.kept}
    assert 2 == len(world.letters.kept)


def test_what_the_store_refuses_for_another_reason_ends_the_runner(world: World) -> None:
    world.store.on_write = lambda: (_ for _ in ()).throw(StoreRejected("no such table"))

    with pytest.raises(StoreRejected, match="no such table"):
        world.run(all_stored)

    assert {0: 0, 1: 0} == world.store.offsets


def test_an_unfinished_range_is_cut_again_exactly_before_reading_on(world: World) -> None:
    world.settings = RunnerSettings(records_max=100, report_s=0)
    world.store.offsets, world.store.unfinished = {0: 1, 1: 0}, {0: 5}

    world.run(all_stored)

    assert [[b"b", b"c"], [b"d", b"e"]] == world.store.batches
    assert (1, 5) == (world.store.moves[0][0].first_offset, world.store.moves[0][0].next_offset)


def test_positions_are_mirrored_to_the_group(world: World) -> None:
    world.run(lambda w: all_stored(w) and w.consumers[0].mirrored == {0: 6, 1: 1})


def test_a_partition_at_its_end_is_not_behind_however_old_its_last_record(world: World) -> None:
    world.now = 5_000.0

    world.run(lambda w: w.observer.late_s == {0: 0.0, 1: 0.0} and w.observer.records_behind == {0: 0, 1: 0})


def test_a_store_that_is_down_lets_the_seconds_behind_grow(world: World) -> None:
    world.now = 1_060.0
    world.store.offsets = {0: 6, 1: 0}
    world.store.on_write = lambda: (_ for _ in ()).throw(StoreUnavailable("down"))

    world.run(lambda w: w.observer.late_s.get(1) == 60.0)


def test_a_position_that_the_log_does_not_have_is_for_a_person(world: World) -> None:
    consumer = FakeConsumer(world.topic, {})
    consumer.problems = [KafkaError(KafkaError._AUTO_OFFSET_RESET)]
    world.open_consumer = lambda _settings: consumer  # type: ignore[method-assign,assignment]

    with pytest.raises(LogError, match="expected to read"):
        world.run(all_stored)


def test_a_broker_that_is_away_is_waited_for(world: World) -> None:
    consumer = FakeConsumer(world.topic, {})
    consumer.problems = [KafkaError(KafkaError._TRANSPORT)]
    world.open_consumer = lambda _settings: consumer  # type: ignore[method-assign,assignment]

    world.run(all_stored)

    assert [b"a", b"b", b"c", b"d", b"e"] == sorted(world.store.rows)


def test_a_runner_that_is_stopped_sees_the_batch_under_way_through(world: World) -> None:
    world.store.on_write = world.stop.set

    world.run(lambda w: bool(w.store.batches))

    assert 1 == len(world.store.batches)
    assert sum(move.next_offset - move.first_offset for move in world.store.moves[0]) == sum(world.store.offsets.values())


def test_a_batch_has_a_span_that_continues_its_first_trace_and_says_what_was_stored(world: World) -> None:
    world.settings = RunnerSettings(records_max=100, report_s=0)
    world.topic.append(1, b"bad", traceparent=b"first")
    world.topic.append(1, b"f", traceparent=b"second")

    world.run(all_stored)

    [span] = world.tracing.spans
    assert ("test.v1 store", b"first", True) == (span.name, span.parent, span.ended)
    assert span.attributes == {
        "projection": "test.v1",
        "topic": "words",
        "partitions": [0, 1],
        "first_offsets": [0, 0],
        "last_offsets": [5, 2],
        "rows": 6,
    }


def test_a_span_counts_no_value_that_the_store_refuses(world: World) -> None:
    world.settings = RunnerSettings(records_max=100, report_s=0)
    world.store.refused = b"c"

    world.run(all_stored)

    assert [4] == [span.attributes["rows"] for span in world.tracing.ended if span.attributes]


def test_a_span_ends_with_its_batch_stored_not_before(world: World) -> None:
    ended = []
    world.store.on_write = lambda: ended.append(len(world.tracing.ended))
    world.store.failures = [StoreUnavailable("down")] * 2

    world.run(all_stored)

    assert [0, 0, 0, 1] == ended[:4]
    assert len(world.tracing.ended) == len(world.store.batches)


def test_a_batch_that_is_given_up_has_its_span_when_it_is_read_again(world: World) -> None:
    world.settings = RunnerSettings(records_max=3, report_s=0, retry_first_s=0.01)

    def taken_over() -> None:
        world.store.on_write = lambda: None
        world.store.epochs[0] += 1

    world.store.on_write = taken_over

    world.run(all_stored)

    assert len(world.store.batches) == len(world.tracing.ended) < len(world.tracing.spans)


def test_a_batch_that_a_rebalance_made_pointless_has_no_span(world: World) -> None:
    def rebalance() -> None:
        world.store.on_write = lambda: None
        world.consumers[0].rebalance([0, 1])
        raise StoreUnavailable("down")

    world.store.on_write = rebalance

    world.run(all_stored)

    assert len(world.store.batches) == len(world.tracing.ended) < len(world.tracing.spans)


def test_an_unfinished_range_has_a_span_too(world: World) -> None:
    world.settings = RunnerSettings(records_max=100, report_s=0)
    world.store.offsets, world.store.unfinished = {0: 1, 1: 0}, {0: 5}

    world.run(all_stored)

    assert [([1], 2), ([5, 0], 2)] == [(span.attributes["first_offsets"], span.attributes["rows"]) for span in world.tracing.ended]

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from projections.intake import Intake, LogError
from projections.offsets import Claim
from tests.unit.projections.log import TOPIC, FakeConsumer, FakeMessage, FakeTopic


class Moving(FakeConsumer):
    """Hands out what it had fetched in the very call in which the group moves partitions."""

    def consume(self, num_messages: int = 1, _timeout: float = -1) -> list[FakeMessage]:
        fetched = [m for p in self.positions for m in self.topic.partitions[p]] if self.rebalancing else []
        return [*fetched, *super().consume(num_messages)]


@pytest.fixture
def consumer() -> FakeConsumer:
    topic = FakeTopic()
    topic.append(0, b"a", b"b", b"c")
    topic.append(1, b"d")
    return Moving(topic, {})


@pytest.fixture
def intake(consumer: FakeConsumer) -> Intake:
    made = Intake(lambda _settings: consumer, "group", TOPIC)
    assert [] == made.take(10, 0.0)
    assert [(TOPIC, 0), (TOPIC, 1)] == made.wanted
    return made


def started(intake: Intake, *next_offsets: int) -> Intake:
    intake.start([Claim(TOPIC, partition, offset, 1) for partition, offset in enumerate(next_offsets)])
    return intake


def words(messages: list[Any]) -> list[bytes]:
    return [message.value() for message in messages]


def test_nothing_is_fetched_before_partitions_are_taken_over(intake: Intake, consumer: FakeConsumer) -> None:
    assert [] == intake.take(10, 0.0)
    assert [] == consumer.started_from


def test_each_partition_is_fetched_from_where_its_claim_says(intake: Intake) -> None:
    assert [b"c", b"d"] == words(started(intake, 2, 0).take(10, 0.0))


def test_what_was_fetched_before_the_group_moved_is_void(intake: Intake, consumer: FakeConsumer) -> None:
    started(intake, 0, 0)
    consumer.rebalance([0])
    generation = intake.generation

    assert [] == intake.take(10, 0.0)
    assert generation < intake.generation
    assert [(TOPIC, 0)] == intake.wanted


def test_an_end_is_known_until_a_record_follows(intake: Intake, consumer: FakeConsumer) -> None:
    started(intake, 0, 0).take(10, 0.0)
    assert {(TOPIC, 0): 3, (TOPIC, 1): 1} == intake.ends

    consumer.topic.append(1, b"e")
    intake.take(1, 0.0)

    assert (TOPIC, 1) not in intake.ends or intake.ends[TOPIC, 1] == 2


def test_at_its_end_a_partition_is_mirrored_behind_the_markers_too(intake: Intake, consumer: FakeConsumer) -> None:
    started(intake, 0, 0).take(10, 0.0)
    intake.ends[TOPIC, 0] = 5  # behind the marker of a transaction

    intake.mirror({(TOPIC, 0): 3, (TOPIC, 1): 1})

    assert {0: 5, 1: 1} == consumer.mirrored
    assert 0 == intake.records_behind((TOPIC, 1), 1)


def test_a_group_that_takes_no_offsets_does_no_harm(
    intake: Intake, consumer: FakeConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_arguments: object) -> None:
        raise KafkaException(KafkaError(KafkaError._STATE))

    monkeypatch.setattr(consumer, "commit", refuse)

    started(intake, 0, 0).mirror({(TOPIC, 0): 3})


def test_resting_pauses_and_reading_on_resumes(intake: Intake, consumer: FakeConsumer) -> None:
    started(intake, 0, 0).idle(0.0)
    assert {0, 1} == consumer.paused

    assert [b"a", b"b", b"c", b"d"] == words(intake.take(10, 0.0))
    assert set() == consumer.paused


def test_a_record_that_comes_while_resting_is_not_lost(
    intake: Intake, consumer: FakeConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(intake, 1, 1)
    monkeypatch.setattr(consumer, "poll", lambda _timeout: FakeMessage((0, 0), b"a"))

    intake.idle(0.0)

    assert [b"a", b"b", b"c"] == words(intake.take(10, 0.0))


@pytest.mark.parametrize("code", [KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE])
def test_a_position_that_the_log_does_not_have_is_an_error(intake: Intake, consumer: FakeConsumer, code: int) -> None:
    consumer.problems = [KafkaError(code)]

    with pytest.raises(LogError, match=f"expected to read {TOPIC}/0 on"):
        started(intake, 9, 0).take(10, 0.0)


def test_the_group_is_left_at_the_end(intake: Intake, consumer: FakeConsumer) -> None:
    intake.close()

    assert consumer.closed

from collections.abc import Callable
from typing import Any

import pytest

from projections.dead_letters import OVERSIZE_KEPT_BYTES, DeadLetterError, KafkaDeadLetters, dead_letter
from projections.ports import BadRecord
from schemas.events.operations import DeadLetter
from tests.builders import codec


class FakeProducer:
    """Acknowledges at the flush; ``failure`` is what it says then, ``stuck`` how many stay unanswered, ``full`` how often it is."""

    def __init__(self, failure: str | None = None, stuck: int = 0, full: int = 0) -> None:
        self.failure, self.stuck, self.full = failure, stuck, full
        self.produced: list[tuple[str, dict[str, Any]]] = []
        self.waiting: list[Callable[[Any, Any], None]] = []

    def produce(self, topic: str, **record: Any) -> None:
        if self.full:
            self.full -= 1
            raise BufferError("full")
        self.waiting.append(record.pop("on_delivery"))
        self.produced.append((topic, record))

    def poll(self, _timeout: float) -> int:
        return 0

    def flush(self, _timeout: float) -> int:
        for delivered in self.waiting:
            delivered(self.failure, None)
        return self.stuck


def bad(**changes: Any) -> BadRecord:
    values = {
        "projection": "bars.v1",
        "topic": "market.bars",
        "partition": 2,
        "offset": 41,
        "key": b"AAPL",
        "value": b"\x00nonsense",
        "headers": (("ce_id", b"7"), ("odd", None)),
        "appended_at": 1_700_000_000_000_000,
        "code": "undecodable",
        "message": "expected sense, found none",
    }
    return BadRecord(**{**values, **changes})


def test_a_letter_keeps_bytes_place_and_reason() -> None:
    event = dead_letter(bad())

    assert ("market.bars", 2, 41, b"AAPL", b"\x00nonsense") == (
        *(event.topic, event.partition, event.offset, event.record_key, event.record_value),
    )
    assert ("projections/bars.v1", "undecodable", "expected sense, found none") == (event.agent, event.code, event.message)
    assert [("ce_id", b"7"), ("odd", None)] == [(header.name, header.value) for header in event.headers]


def test_the_same_record_makes_the_same_letter() -> None:
    assert dead_letter(bad()).id == dead_letter(bad()).id
    assert dead_letter(bad()).id != dead_letter(bad(offset=42)).id
    assert dead_letter(bad()).id != dead_letter(bad(projection="bars.v2")).id


def test_of_an_oversize_record_the_beginning_is_kept() -> None:
    kept = dead_letter(bad(value=b"x" * (OVERSIZE_KEPT_BYTES + 1))).record_value

    assert kept is not None
    assert OVERSIZE_KEPT_BYTES == len(kept)


def test_a_record_without_value_is_kept_too() -> None:
    assert dead_letter(bad(value=None, key=None)).record_value is None


def test_letters_are_events_in_their_topic_under_the_original_key() -> None:
    producer = FakeProducer()

    KafkaDeadLetters(producer, codec(), topic="dead").keep([bad(), bad(offset=42)])

    assert ["dead", "dead"] == [topic for topic, _ in producer.produced]
    assert b"AAPL" == producer.produced[0][1]["key"]
    assert dead_letter(bad()) == codec().decode(producer.produced[0][1]["value"])
    assert ("ce_type", DeadLetter.TYPE.encode()) in producer.produced[0][1]["headers"]


def test_a_full_queue_is_waited_for() -> None:
    producer = FakeProducer(full=1)

    KafkaDeadLetters(producer, codec()).keep([bad()])

    assert 1 == len(producer.produced)


def test_a_letter_that_is_refused_is_an_error() -> None:
    with pytest.raises(DeadLetterError, match="2 of 2 not written: no leader"):
        KafkaDeadLetters(FakeProducer(failure="no leader"), codec()).keep([bad(), bad(offset=42)])


def test_a_letter_that_nobody_answers_for_is_an_error() -> None:
    with pytest.raises(DeadLetterError, match=r"1 of 1 not written: no answer within 30\.0 s"):
        KafkaDeadLetters(FakeProducer(stuck=1), codec()).keep([bad()])

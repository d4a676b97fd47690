"""One transaction: outputs in turn, then state and offsets; what was written comes back as its reader will see it."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.fold import Emission, Output
from streams.runner.stage import Taken, Written
from streams.runner.transaction import Transaction
from tests.fakes.marked_log import MarkedLog, MarkedProducer


def opened(log: MarkedLog) -> MarkedProducer:
    producer = log.transactional_producer("streams/3")
    producer.init_transactions(1)
    return producer


def taken(*outputs: Output, state: bytes | None = b"s", position: int = 17) -> Taken:
    return Taken("bars", Emission(list(outputs), {b"k": state}), {"ticks": position}, [("traceparent", b"00")])


BAR = Output("bars", b"ES", b"bar", [("ce_id", b"1")], 3)


def test_outputs_state_and_offsets_show_together_and_not_before() -> None:
    log = MarkedLog()
    transaction, what = Transaction(opened(log), 3, "checkpoints"), taken(BAR)
    transaction.write(what)
    assert [] == log.visible("bars", 3)

    transaction.commit([], [what])

    assert [(b"ES", b"bar")] == [(kept.key, kept.value) for kept in log.visible("bars", 3)]
    assert [
        (b"bars/3/state/k", b"s"),
        (b"bars/3/offset/ticks", b"\x01" + (17).to_bytes(8, "little")),
    ] == [(kept.key, kept.value) for kept in log.visible("checkpoints", 3)]


def test_what_was_written_is_what_a_reader_will_see() -> None:
    log = MarkedLog()
    transaction, what = Transaction(opened(log), 3, "checkpoints"), taken(BAR)

    [written] = transaction.write(what)["bars"]
    transaction.commit([], [what])

    [kept] = log.visible("bars", 3)
    assert Written(kept.key, kept.value, kept.headers, kept.offset, kept.timestamp) == written
    assert ("traceparent", b"00") in written.headers


def test_what_went_to_another_partition_is_not_handed_back() -> None:
    elsewhere = Output("bars", b"NQ", b"bar", [], 2)

    assert {} == Transaction(opened(MarkedLog()), 3, "checkpoints").write(taken(elsewhere))


def test_an_output_that_cannot_be_delivered_is_an_error() -> None:
    class Refusing(MarkedProducer):
        def produce(self, *_: Any, **options: Any) -> None:
            options["on_delivery"](KafkaError(KafkaError.MSG_SIZE_TOO_LARGE), None)

    log = MarkedLog()
    producer = Refusing(log, "streams/3")
    producer.init_transactions(1)

    with pytest.raises(KafkaException, match="MSG_SIZE_TOO_LARGE"):
        Transaction(producer, 3, "checkpoints").write(taken(BAR))


def test_outputs_that_are_not_acknowledged_in_time_are_an_error() -> None:
    class Slow(MarkedProducer):
        def flush(self, _timeout: float) -> int:
            return 1

    log = MarkedLog()
    producer = Slow(log, "streams/3")
    producer.init_transactions(1)

    with pytest.raises(KafkaException, match="1 outputs were not acknowledged"):
        Transaction(producer, 3, "checkpoints").write(taken(BAR))


class Failing(MarkedProducer):
    def __init__(self, log: MarkedLog, error: KafkaError) -> None:
        super().__init__(log, "streams/3")
        self.errors = [error]

    def commit_transaction(self, timeout: float) -> None:
        if self.errors:
            raise KafkaException(self.errors.pop())
        super().commit_transaction(timeout)


def test_a_retriable_failure_of_the_commit_is_tried_again() -> None:
    log = MarkedLog()
    producer = Failing(log, KafkaError(KafkaError._TIMED_OUT, "slow", retriable=True))
    producer.init_transactions(1)

    Transaction(producer, 3, "checkpoints").commit([taken(BAR)], [taken()])

    assert 1 == len(log.visible("bars", 3))


def test_a_fenced_owner_does_not_commit() -> None:
    log = MarkedLog()
    first = opened(log)
    transaction = Transaction(first, 3, "checkpoints")
    transaction.write(taken(BAR))
    opened(log)

    with pytest.raises(KafkaException):
        transaction.commit([], [taken()])
    assert [] == log.visible("bars", 3)

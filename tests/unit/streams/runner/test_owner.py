"""An owner commits outputs, changed state and offsets together, soon when someone waits, later when nobody does."""

import asyncio
import time
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams.fold import Emission, Output
from streams.runner.owner import CommitSettings, Owner


class Producer:
    def __init__(self) -> None:
        self.log: list[tuple[Any, ...]] = []
        self.failures: list[KafkaException] = []

    def begin_transaction(self) -> None:
        self.log.append(("begin",))

    def produce(self, topic: str, value: bytes | None = None, key: bytes | None = None, **options: Any) -> None:
        self.log.append((topic, key, value, options.get("partition")))

    def commit_transaction(self, _: float) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.log.append(("commit",))


class Counting:
    def __init__(self) -> None:
        self.outputs: list[Output] = []

    def has_outputs(self) -> bool:
        return bool(self.outputs)

    def drain(self) -> Emission:
        outputs, self.outputs = self.outputs, []
        return Emission(outputs, {b"k": b"state"})


def owner(**settings: float) -> tuple[Owner, Counting, Producer]:
    fold, producer = Counting(), Producer()
    return Owner("bars", 3, fold, producer, {}, CommitSettings(**settings)), fold, producer


def test_one_transaction_holds_outputs_state_and_offsets() -> None:
    one, fold, producer = owner()
    fold.outputs = [Output("market.bars", b"ES", b"bar", [])]
    one.folded("market.ticks", 17, 5)

    one.commit(*one.take())

    assert [
        ("begin",),
        ("market.bars", b"ES", b"bar", None),
        ("streams.checkpoints", b"bars/3/state/k", b"state", 3),
        ("streams.checkpoints", b"bars/3/offset/market.ticks", b"\x01" + (17).to_bytes(8, "little"), 3),
        ("commit",),
    ] == producer.log


def test_a_retriable_failure_of_the_commit_is_tried_again() -> None:
    one, _, producer = owner()
    producer.failures = [KafkaException(KafkaError(KafkaError._TIMED_OUT, "slow", retriable=True))]
    one.folded("market.ticks", 1, 1)

    one.commit(*one.take())

    assert ("commit",) == producer.log[-1]


def test_a_fenced_owner_does_not_commit() -> None:
    one, _, producer = owner()
    producer.failures = [KafkaException(KafkaError(KafkaError._FENCED, "fenced", fatal=True))]
    one.folded("market.ticks", 1, 1)

    with pytest.raises(KafkaException):
        one.commit(*one.take())


def test_state_alone_waits_for_company_and_outputs_do_not() -> None:
    async def seconds_until_due(*, with_output: bool) -> float:
        one, fold, _ = owner(state_interval_s=0.2, output_interval_s=0.0)
        one.commit(*one.take())
        if with_output:
            fold.outputs = [Output("market.bars", b"ES", b"bar", [])]
        one.folded("market.ticks", 1, 1)
        began = time.monotonic()
        await one.until_due()
        return time.monotonic() - began

    assert asyncio.run(seconds_until_due(with_output=False)) > 0.1
    assert asyncio.run(seconds_until_due(with_output=True)) < 0.05

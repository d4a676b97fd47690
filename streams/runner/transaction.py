"""One Kafka transaction of an owner: outputs of its agents in turn, then their changed state and next offsets."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from schemas.headers import Headers
from streams.fold import Output
from streams.ports import TransactionalProducer
from streams.runner.checkpoints import offset_record, state_key
from streams.runner.stage import Taken, Written

COMMIT_TIMEOUT_S = 60.0


class Transaction:
    """Everything in it is there for a read_committed reader, or nothing. Its methods block: they are called from a thread.

    Each raises KafkaException where the outcome is unknown or another owner has fenced this one.
    """

    def __init__(self, producer: TransactionalProducer, partition: int, checkpoints_topic: str) -> None:
        self._producer = producer
        self._partition = partition
        self._checkpoints = checkpoints_topic
        self._deadline = time.monotonic() + COMMIT_TIMEOUT_S
        self._begun = False

    def write(self, taken: Taken) -> dict[str, list[Written]]:
        """Write an agent's outputs, wait until the broker has them, and return those of this partition by topic, in their order."""
        self._begin()
        deliveries: list[_Delivery] = []
        for output in taken.emission.outputs:
            delivery = _Delivery(output, [*output.headers, *taken.trace_headers])
            deliveries.append(delivery)
            self._produce(
                output.topic, output.value, output.key, output.partition, delivery.headers, on_delivery=delivery.delivered
            )
        if left := self._producer.flush(max(1.0, self._deadline - time.monotonic())):
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"{left} outputs were not acknowledged"))  # noqa: SLF001
        return _written(deliveries, self._partition)

    def commit(self, unwritten: Iterable[Taken], all_taken: Iterable[Taken]) -> None:
        """Write the outputs that nobody here waits for, the state and the next offsets of all agents, and commit."""
        self._begin()
        for taken in unwritten:
            for output in taken.emission.outputs:
                headers = [*output.headers, *taken.trace_headers]
                self._produce(output.topic, output.value, output.key, output.partition, headers)
        for taken in all_taken:
            self._checkpoint(taken)
        self._commit_with_retries()

    def _begin(self) -> None:
        if not self._begun:
            self._producer.begin_transaction()
            self._begun = True

    def _checkpoint(self, taken: Taken) -> None:
        for key, value in taken.emission.changes.items():
            self._produce(self._checkpoints, value, state_key(taken.agent, self._partition, key), self._partition)
        for topic, next_offset in taken.moved.items():
            key, value = offset_record(taken.agent, self._partition, topic, next_offset)
            self._produce(self._checkpoints, value, key, self._partition)

    def _produce(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None,
        partition: int | None,
        headers: Headers | None = None,
        **options: Any,
    ) -> None:
        if headers:
            options["headers"] = headers
        if partition is not None:
            options["partition"] = partition
        while True:
            try:
                self._producer.produce(topic, value=value, key=key, **options)
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def _commit_with_retries(self) -> None:
        while True:
            try:
                self._producer.commit_transaction(max(1.0, self._deadline - time.monotonic()))
            except KafkaException as error:
                if not error.args[0].retriable() or time.monotonic() > self._deadline:
                    raise
            else:
                return


class _Delivery:
    """An output on its way to the broker."""

    def __init__(self, output: Output, headers: Headers) -> None:
        self.output = output
        self.headers = headers
        self.error: KafkaError | None = None
        self.partition = self.offset = self.timestamp = -1

    def delivered(self, error: KafkaError | None, message: Any) -> None:
        self.error = error
        if error is None:
            self.partition, self.offset, (_, self.timestamp) = message.partition(), message.offset(), message.timestamp()

    def written(self) -> Written:
        return Written(self.output.key, self.output.value, self.headers, self.offset, self.timestamp)


def _written(deliveries: Sequence[_Delivery], partition: int) -> dict[str, list[Written]]:
    found: dict[str, list[Written]] = {}
    for one in deliveries:
        if one.error is not None:
            raise KafkaException(one.error)
        if one.partition == partition:
            found.setdefault(one.output.topic, []).append(one.written())
    return found

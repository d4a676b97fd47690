"""Events and the position after them, in one Kafka transaction: all of it is there, or none."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, Protocol

from confluent_kafka import KafkaError, KafkaException

from schemas.headers import Headers
from schemas.topics import TICKS
from streams.ports import NoTracing, Tracing, TransactionalProducer
from streams.sources.problems import TakenOverError, UnfinishedError
from streams.sources.records import Record

_POLL_EVERY = 4_096
_TICKS_A_TRACE = 500
"""Ticks of a partition from one that carries the trace to the next. An agent looks for one in a chunk, and on each tick it would be
68 bytes beside the 100 of all other headers. The first of a transaction alone would not do: one fetch may bring less than that, and
a chunk from its middle would find none."""
_FENCED = (KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH)  # noqa: SLF001  # its own name


class SourceProducer(TransactionalProducer, Protocol):
    """A transactional producer that knows the topics too."""

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        """Return confluent_kafka's ClusterMetadata."""


class Transactions:
    """Writes to one topic, and the position to another."""

    def __init__(
        self,
        producer: SourceProducer,
        topic: str,
        positions: tuple[str, int, bytes],
        tracing: Tracing | None = None,
        timeout_s: float = 60.0,
    ) -> None:
        self._tracing = tracing or NoTracing()
        self._producer = producer
        self._topic = topic
        self._positions_topic, self._positions_partition, self._position_key = positions
        self._timeout_s = timeout_s

    def begin(self) -> None:
        """Fence whoever wrote under the same id before, and end what was left open."""
        try:
            self._producer.init_transactions(self._timeout_s)
        except KafkaException as error:
            raise UnfinishedError(f"expected Kafka to answer within {self._timeout_s:.0f} s: {error.args[0].str()}") from error

    def write(self, records: Iterable[Record], position: bytes) -> None:
        """Commit records and the position after them; TakenOverError or UnfinishedError where Kafka did not take them."""
        try:
            with self._tracing.span(f"{self._topic} ingest", ()) as trace_headers:
                self._producer.begin_transaction()
                self._produce(self._traced(records, trace_headers) if trace_headers else records)
                self._send(self._positions_topic, position, self._position_key, self._positions_partition, None)
                self._commit(time.monotonic() + self._timeout_s)
        except KafkaException as error:
            raise self._translated(error) from error

    def _traced(self, records: Iterable[Record], trace_headers: Headers) -> Iterator[Record]:
        """Let records carry the transaction's trace: each, but of the ticks a few."""
        every = _TICKS_A_TRACE if self._topic == TICKS else 1
        told: Counter[int] = Counter()
        for value, key, partition, headers in records:
            carries = told[partition] % every == 0
            told[partition] += 1
            yield value, key, partition, [*headers, *trace_headers] if carries else headers

    def _produce(self, records: Iterable[Record]) -> None:
        produce, topic = self._producer.produce, self._topic
        for count, (value, key, partition, headers) in enumerate(records):
            try:
                produce(topic, value, key, partition=partition, headers=headers)
            except BufferError:
                self._send(topic, value, key, partition, headers)
            if not count % _POLL_EVERY:
                self._producer.poll(0)

    def _send(self, topic: str, value: bytes, key: bytes, partition: int, headers: Any) -> None:
        options = {"headers": headers} if headers else {}
        while True:
            try:
                self._producer.produce(topic, value, key, partition=partition, **options)
            except BufferError:
                self._producer.poll(0.05)
            else:
                return

    def _commit(self, deadline: float) -> None:
        while True:
            try:
                self._producer.commit_transaction(max(1.0, deadline - time.monotonic()))
            except KafkaException as error:
                if not error.args[0].retriable() or time.monotonic() > deadline:
                    raise
            else:
                return

    def _translated(self, error: KafkaException) -> UnfinishedError | TakenOverError:
        reason: KafkaError = error.args[0]
        if reason.code() in _FENCED:
            return TakenOverError("another ingest of the same file has begun since")
        if reason.txn_requires_abort():
            with suppress(KafkaException):  # else the broker ends it after its timeout, or the next ingest of this file does
                self._producer.abort_transaction(5.0)
        return UnfinishedError(f"Kafka did not take the transaction: {reason.str()}")

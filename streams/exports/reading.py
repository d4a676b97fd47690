"""Reads topics from their first record to where they end when it begins: committed records only."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streams.ports import Clients, Reader

_BATCH = 5_000
_TIMEOUT_S = 60.0
_MOVING = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)
_PATIENCE_S = 0.05
"""Until a batch that is not full is handed out: the client waits for it at the end of a partition too."""


@dataclass(frozen=True, slots=True)
class Span:
    """What is to be read of a partition: offsets from ``first`` to before ``end``."""

    topic: str
    partition: int
    first: int
    end: int


def spans(reader: Reader, topic: str, partitions: Sequence[int]) -> list[Span]:
    """Return what the partitions of a topic hold now. What lies behind a transaction that is still open is not counted in."""
    return [Span(topic, partition, *watermarks(reader, topic, partition)) for partition in partitions]


def watermarks(reader: Reader, topic: str, partition: int, patience_s: float = 15.0) -> tuple[int, int]:
    """Return the first offset of a partition and the one after its last; waits for a leader that has just moved."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() not in _MOVING or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def settled_spans(clients: Clients, reader: Reader, topic: str, partitions: Sequence[int], patience_s: float = 2.0) -> list[Span]:
    """Return what the partitions of a topic hold now, open transactions given a moment to end; the reader is a committed one.

    A transaction becomes readable a little after its producer is told that it is committed. Whoever reads what was just written
    sees it; a transaction that stays open is not waited for.
    """
    wanted = [whole_span(clients, topic, partition).end for partition in partitions]
    deadline = time.monotonic() + patience_s
    while True:
        found = spans(reader, topic, partitions)
        if time.monotonic() > deadline or all(span.end >= end for span, end in zip(found, wanted, strict=True)):
            return found
        time.sleep(0.02)


def whole_span(clients: Clients, topic: str, partition: int) -> Span:
    """Return all that a partition holds now, what lies behind open transactions counted in: reading it waits for their end."""
    reader = clients.reader(committed=False)
    try:
        return spans(reader, topic, [partition])[0]
    finally:
        reader.close()


def read_span(reader: Reader, span: Span) -> Iterator[list[Any]]:
    """Yield a partition's messages, in the order of their offsets; TimeoutError where the brokers fall silent."""
    if span.first >= span.end:
        return
    reader.assign([TopicPartition(span.topic, span.partition, span.first)])
    idle_s = 0.0
    while True:
        messages = reader.consume(num_messages=_BATCH, timeout=_PATIENCE_S)
        idle_s = 0.0 if messages else idle_s + _PATIENCE_S
        if idle_s > _TIMEOUT_S:
            raise TimeoutError(
                f"expected {span.topic}/{span.partition} up to offset {span.end}, found nothing for {_TIMEOUT_S:.0f} s"
            )
        found, over = _sorted_out(messages, span)
        if found:
            yield found
        if over:
            return


def _sorted_out(messages: Sequence[Any], span: Span) -> tuple[list[Any], bool]:
    """Return the messages of a span, and whether its end is reached: markers of transactions may be the last of it."""
    found: list[Any] = []
    for message in messages:
        error, offset = message.error(), message.offset()
        if message.partition() != span.partition or message.topic() != span.topic:
            continue  # of a span that was read before: an end of partition may come twice
        if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  # the library's own name for it
            raise KafkaException(error)
        if offset >= span.end:
            return found, True
        if error is None:
            found.append(message)
            if offset + 1 >= span.end:
                return found, True
    return found, False

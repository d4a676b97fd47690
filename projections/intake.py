"""The Kafka side of a runner: group membership, positions that come from the store, and no record before they are known.

A partition that the group assigns is fetched only after it was taken over in the store, from where the store says. Group
offsets are written too, for lag tools only, and read by nobody here. The consumer's settings that this hangs on:
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, TopicPartition

from projections.offsets import Claim
from projections.ports import Consumer, ConsumerFactory, Message

REQUIRED_SETTINGS: Mapping[str, Any] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    # A position that the log does not have any more, or not yet, is an error for a person, never a silent jump.
    "auto.offset.reset": "error",
    # All partitions are given up and taken over at once: one generation, one set of claims.
    "partition.assignment.strategy": "range",
    "group.protocol": "classic",
    # Once the queue is full, the client rests for this long: its default of a second lets a fast reader run dry.
    "fetch.queue.backoff.ms": 5,
}

Partition = tuple[str, int]

log = logging.getLogger(__name__)


class LogError(Exception):
    """The log cannot be read on: a position that it does not have, or a consumer that is refused. Needs a person."""


class Intake:
    """One member of a consumer group. ``generation`` counts its assignments: what came before the last one is void."""

    def __init__(self, open_consumer: ConsumerFactory, group: str, topic: str) -> None:
        self._consumer: Consumer = open_consumer({**REQUIRED_SETTINGS, "group.id": group})
        self._held: list[Message] = []
        self.generation = 0
        self.wanted: list[Partition] | None = None
        """Assigned by the group and not yet taken over; None where there is nothing to take over."""
        self.ends: dict[Partition, int] = {}
        """Partitions that are read to their end, and where that is: behind the markers of transactions too."""
        self._assigned: list[TopicPartition] = []
        self._paused = False
        self._consumer.subscribe([topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke)

    def start(self, claims: Sequence[Claim]) -> None:
        """Fetch partitions that were taken over, each from the offset that its claim names."""
        self._held.clear()
        # A topic may have lost its head before anybody read it: where nothing was read yet, its first record is the start.
        self.ends.clear()
        self._assigned = [TopicPartition(c.topic, c.partition, c.next_offset or OFFSET_BEGINNING) for c in claims]
        self._consumer.assign(self._assigned)
        self._paused = False

    def take(self, most: int, wait_s: float) -> list[Message]:
        """Return up to ``most`` records, after ``wait_s`` seconds what is there. LogError."""
        if self._paused:
            self._consumer.resume(self._assigned)
            self._paused = False
        generation = self.generation
        messages = self._consumer.consume(most, wait_s)
        if generation != self.generation:
            # What was fetched before the partitions were given up comes again from where the store stands.
            return []
        held, self._held = self._held, []
        return [*held, *(message for message in messages if self._is_record(message))]

    def idle(self, wait_s: float) -> None:
        """Stay a member of the group for a while without reading on. LogError."""
        if not self._paused and self._assigned:
            self._consumer.pause(self._assigned)
            self._paused = True
        generation = self.generation
        message = self._consumer.poll(wait_s)
        if message is not None and generation == self.generation and self._is_record(message):
            self._held.append(message)

    def mirror(self, next_offsets: Mapping[Partition, int]) -> None:
        """Write positions to the group too, without waiting: lag tools look there. That it fails does no harm."""
        offsets = [
            TopicPartition(topic, partition, max(offset, self.ends.get((topic, partition), 0)))
            for (topic, partition), offset in next_offsets.items()
        ]
        try:
            if offsets:
                self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            log.debug("group offsets are not written: %s", error)

    def records_behind(self, at: Partition, next_offset: int) -> int:
        """Return how many offsets of a partition are not read yet, by what the last fetch said of its end."""
        bounds = self._consumer.get_watermark_offsets(TopicPartition(*at), cached=True)
        return max(0, bounds[1] - max(next_offset, self.ends.get(at, 0))) if bounds else 0

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.assign([])
        self._given_up()
        self.wanted = [(partition.topic, partition.partition) for partition in partitions]

    def _on_revoke(self, _consumer: Consumer, _partitions: list[TopicPartition]) -> None:
        self._given_up()
        self.wanted = None

    def _given_up(self) -> None:
        self.generation += 1
        self._held.clear()
        self._assigned = []
        self._paused = False
        self.ends.clear()

    def _is_record(self, message: Any) -> bool:
        error = message.error()
        if error is None:
            if self.ends:
                self.ends.pop((message.topic(), message.partition()), None)
            return True
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  (the library's public constant)
            self.ends[message.topic(), message.partition()] = message.offset()
            return False
        if error.fatal() or error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):  # noqa: SLF001
            raise LogError(f"expected to read {message.topic()}/{message.partition()} on, found {error}")
        log.warning("Kafka: %s", error)
        return False

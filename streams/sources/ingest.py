"""Tells a recording to a topic, exactly once: whatever interrupts it, repeated it goes on where it stopped."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol

import numpy as np
from confluent_kafka import KafkaException
from numpy.typing import NDArray

from schemas.codec import Codec
from schemas.partitioner import partition_of
from schemas.topics import CHECKPOINTS
from streams.ports import Clients, Tracing
from streams.sources.clocks import Heartbeats, Timeline, clock_records
from streams.sources.pace import Pace
from streams.sources.positions import Position, position_key, read_newest
from streams.sources.problems import FileRefusedError, UnfinishedError
from streams.sources.records import FAR, EventBlock, Feed, Record
from streams.sources.transactions import SourceProducer, Transactions

HEARTBEAT_US = 60_000_000


class IngestClients(Clients, Protocol):
    """Opens the Kafka clients of an ingest."""

    def transactional_producer(self, transactional_id: str) -> SourceProducer:
        """Return a producer whose id fences every earlier owner of the same id."""


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """Of an ingest."""

    heartbeat_us: int = HEARTBEAT_US
    """Event time between two statements of how far the source has told."""
    positions_topic: str = CHECKPOINTS


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an ingest ended."""

    events: int
    """Of the feed, that are in the topic now."""
    written: int
    """By this ingest."""
    total: int
    """Of the feed in all."""
    finished: bool
    """Everything is in the topic; otherwise it was told to stop."""
    was_finished: bool
    """Everything was in the topic before."""
    refused: int


Progress = Callable[[int, int], None]
"""Told how many events of how many are in the topic."""


class Ingest:
    """One feed on its way into its topic."""

    def __init__(
        self,
        feed: Feed,
        clients: IngestClients,
        codec: Codec,
        settings: IngestSettings | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._feed = feed
        self._clients = clients
        self._codec = codec
        self._settings = settings or IngestSettings()
        self._tracing = tracing

    def run(self, pace: Pace, progress: Progress = lambda _done, _total: None) -> Outcome:
        """Write what is not written yet. Ends early where the pace is told to stop; SourceError where it cannot go on."""
        feed, extent = self._feed, self._feed.extent
        if not extent.events and extent.told_until is None:
            return Outcome(0, 0, 0, finished=True, was_finished=False, refused=extent.refused)
        producer = self._clients.transactional_producer(f"ingest/{feed.source}/{feed.recording[:16]}")
        partitions = partition_count(producer, feed.topic)
        positions_partitions = partition_count(producer, self._settings.positions_topic)
        key = position_key(feed.source, feed.recording)
        place = (self._settings.positions_topic, partition_of(key, positions_partitions), key)
        transactions = Transactions(producer, feed.topic, place, self._tracing)
        transactions.begin()
        begun = self._begun(key, positions_partitions)
        if begun.done:
            return Outcome(begun.events, 0, begun.events, finished=True, was_finished=True, refused=begun.refused)
        progress(begun.events, extent.events)
        position, stopped = self._tell(transactions, partitions, begun, pace, progress)
        if not stopped and extent.told_until is not None:
            position = replace(position, done=True, refused=extent.refused)
            ending = clock_records(self._codec, feed.source, extent.told_until, "ended", partitions) if feed.has_clock else []
            transactions.write(ending, position.to_bytes())
        written = position.events - begun.events
        return Outcome(position.events, written, extent.events, not stopped, was_finished=False, refused=extent.refused)

    def _begun(self, key: bytes, partitions: int) -> Position:
        stored = read_newest(self._clients, self._settings.positions_topic, key, partitions)
        if stored is None:
            return Position(options=self._feed.options)
        position = Position.from_bytes(stored)
        if differing := {name for name, value in self._feed.options.items() if position.options.get(name) != value}:
            were, are = (", ".join(f"{n} {o.get(n)}" for n in sorted(differing)) for o in (position.options, self._feed.options))
            raise FileRefusedError(
                f"expected the options that this file was begun with under source {self._feed.source} ({were}), found {are}: "
                "take another --source to ingest it in another way"
            )
        return position

    def _tell(
        self, transactions: Transactions, partitions: int, position: Position, pace: Pace, progress: Progress
    ) -> tuple[Position, bool]:
        """Write block after block; return where it came to and whether it was told to stop."""
        heartbeats = Heartbeats(self._settings.heartbeat_us if self._feed.has_clock else None, self._feed.extent.begins_at)
        latest = -FAR
        for block in self._feed.blocks(partitions):
            timeline = heartbeats.timeline(block)
            due = np.maximum(np.maximum.accumulate(timeline.times), latest)
            latest = int(due[-1])
            at = _done_before(block, timeline, position)
            while at < len(due):
                taken = pace.take(due[at:])
                if not taken:
                    return position, True
                told = timeline.event[at : at + taken], timeline.times[at : at + taken]
                position = _after(position, block, *told)
                transactions.write(self._records(block, *told, partitions), position.to_bytes())
                progress(position.events, self._feed.extent.events)
                at += taken
        return position, False

    def _records(self, block: EventBlock, event: NDArray[np.int64], times: NDArray[np.int64], partitions: int) -> Iterator[Record]:
        places = event[event >= 0]
        first = int(places[0]) if len(places) else 0
        records = iter(block.records(first, int(places[-1]) + 1) if len(places) else ())
        after = 0
        for beat in np.flatnonzero(event < 0).tolist():
            yield from islice(records, beat - after)
            yield from clock_records(self._codec, self._feed.source, int(times[beat]), "heartbeat", partitions)
            after = beat + 1
        yield from records


def partition_count(producer: SourceProducer, topic: str) -> int:
    """Return how many partitions a topic has; FileRefusedError where it does not exist."""
    try:
        found = producer.list_topics(topic, timeout=10.0).topics[topic]
    except KafkaException as error:
        raise UnfinishedError(f"expected Kafka to answer: {error.args[0].str()}") from error
    if found.error is not None or not found.partitions:
        raise UnfinishedError(f"expected a topic {topic}, found none: create it with `autotrader topics create`")
    return len(found.partitions)


def _done_before(block: EventBlock, timeline: Timeline, position: Position) -> int:
    """Return how many of the block's events and heartbeats were written before."""
    done = np.where(
        timeline.event >= 0, block.ordinals[timeline.event] < position.next_ordinal, timeline.times <= position.clock_at
    )
    return len(done) if done.all() else int(np.argmin(done))


def _after(position: Position, block: EventBlock, event: NDArray[np.int64], times: NDArray[np.int64]) -> Position:
    """Return the position after some events and heartbeats of a block."""
    places, beats = event[event >= 0], times[event < 0]
    return replace(
        position,
        next_ordinal=int(block.ordinals[places[-1]]) + 1 if len(places) else position.next_ordinal,
        clock_at=int(beats[-1]) if len(beats) else position.clock_at,
        events=position.events + len(places),
    )

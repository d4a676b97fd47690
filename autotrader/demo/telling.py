"""Tells the parts of a lane through the ingest, and knows from Kafka alone how far that had come before."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from autotrader.demo.lane import Lane
from autotrader.demo.plan import HELD_BACK, HISTORY, LOOP_SOURCE, loop_of
from schemas.codec import Codec
from schemas.topics import CHECKPOINTS
from streams.ports import Tracing
from streams.sources.ingest import Ingest, IngestClients
from streams.sources.pace import FullSpeed, Pace
from streams.sources.positions import Position, position_key
from streams.sources.records import Feed

Positions = Mapping[bytes, Position]
"""By record key."""

_PREFIX = b"ingest/"
_TIMEOUT_S = 60.0

Progress = Callable[[str, int, int], None]
"""Told how many events of how many a feed has in its topic."""


@dataclass(frozen=True)
class Telling:
    """What it takes to tell feeds."""

    clients: IngestClients
    codec: Codec
    stop: threading.Event
    positions: Positions
    """Of every ingest as it was when the demo began."""
    tracing: Tracing | None = None

    def tell(self, lane: Lane, part: int, pace: Pace, progress: Progress) -> bool:
        """Tell what is missing of a part, the market itself at a pace and all else at once; False where told to stop."""
        *sides, market = lane.feeds(part)
        for feed in sides:
            if not self._tell(feed, FullSpeed(self.stop), progress):
                return False
        return self._tell(market, pace, progress)

    def first_loop(self, lane: Lane) -> int:
        """Return the part with which the repetition goes on."""
        market = lane.feeds(HELD_BACK)[-1]
        loops = [
            int(name.removeprefix("loop-"))
            for name in (_loop_name(key, market.recording) for key in self.positions)
            if name is not None
        ]
        return HELD_BACK + max([1, *loops])

    def was_begun(self, lane: Lane) -> bool:
        """Return whether an earlier run has told something of a lane."""
        return any(position_key(feed.source, feed.recording) in self.positions for feed in lane.feeds(HISTORY))

    def _tell(self, feed: Feed, pace: Pace, progress: Progress) -> bool:
        if self._is_told(feed):
            return True
        ingest = Ingest(feed, self.clients, self.codec, tracing=self.tracing)
        return ingest.run(pace, lambda done, total: progress(feed.topic, done, total)).finished

    def _is_told(self, feed: Feed) -> bool:
        """Return whether all of a feed was in its topic before; asked with other options than then, the ingest says so."""
        position = self.positions.get(position_key(feed.source, feed.recording))
        if position is None or any(position.options.get(name) != value for name, value in feed.options.items()):
            return False
        extent = feed.extent
        return position.done or (extent.told_until is None and position.events >= extent.events)


def _loop_name(key: bytes, recording: str) -> str | None:
    """Return the part of a position's key that names the repetition of a recording; None where it is of another recording."""
    parts = key.decode().split("/", 3)
    return parts[2] if len(parts) == 4 and parts[:2] == ["ingest", LOOP_SOURCE] and parts[3] == recording else None  # noqa: PLR2004


def read_positions(clients: IngestClients, partitions: int, topic: str = CHECKPOINTS) -> dict[bytes, Position]:
    """Return how far every ingest has come; what an ingest that still runs commits meanwhile may be missing."""
    reader: Any = clients.reader(committed=True)
    found: dict[bytes, Position] = {}
    try:
        left = set(range(partitions))
        reader.assign([TopicPartition(topic, partition, 0) for partition in left])
        idle_s = 0.0
        while left and idle_s < _TIMEOUT_S:
            messages = reader.consume(num_messages=5_000, timeout=0.5)
            idle_s = 0.0 if messages else idle_s + 0.5
            for message in messages:
                error = message.error()
                if error is None:
                    if (key := message.key() or b"").startswith(_PREFIX) and message.value() is not None:
                        found[key] = Position.from_bytes(message.value())
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # the library's own name for it
                    left.discard(message.partition())
                else:
                    raise KafkaException(error)
    finally:
        reader.close()
    return found


def describe(part: int) -> str:
    """Return a part as the repetition marks it: empty for what was recorded."""
    return f"{LOOP_SOURCE} {loop_of(part)}" if loop_of(part) else ""

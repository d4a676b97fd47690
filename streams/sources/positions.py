"""How far the ingest of a recording has come: written in the same transaction as the events, so it is true whatever happens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from schemas.partitioner import partition_of
from streams.ports import Clients, Reader
from streams.sources.records import FAR

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Position:
    """Where an ingest goes on."""

    next_ordinal: int = 0
    """Of the first event that is not written yet."""
    clock_at: int = -FAR
    """The last heartbeat written."""
    events: int = 0
    """How many are written."""
    done: bool = False
    refused: int = 0
    """Rows of the recording that were left out; known when it is done."""
    options: Mapping[str, str] = field(default_factory=dict)
    """What the recording was read with."""

    def to_bytes(self) -> bytes:
        """Return the position as it is stored."""
        stored: dict[str, Any] = {
            "version": _VERSION,
            "next": self.next_ordinal,
            "clock": self.clock_at,
            "events": self.events,
            "done": self.done,
            "refused": self.refused,
            "options": dict(self.options),
        }
        return orjson.dumps(stored, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Position":
        """Return a stored position; ValueError for one of another version."""
        stored = orjson.loads(data)
        if stored["version"] != _VERSION:
            raise ValueError(f"expected a position of version {_VERSION}, found {stored['version']}")
        return cls(stored["next"], stored["clock"], stored["events"], stored["done"], stored["refused"], stored["options"])


def position_key(source: str, recording: str) -> bytes:
    """Return the record key of a recording's position."""
    return f"ingest/{source}/{recording}".encode()


def read_newest(clients: Clients, topic: str, key: bytes, partitions: int, timeout_s: float = 60.0) -> bytes | None:
    """Return the newest committed value of a key in a compacted topic; None where it has none.

    The end is asked for with read_uncommitted and then read up to with read_committed: what another transaction that is
    still open has written before it would otherwise hide it. Raises TimeoutError where such a transaction does not end.
    """
    place = TopicPartition(topic, partition_of(key, partitions), 0)
    reader = clients.reader(committed=False)
    try:
        end = reader.get_watermark_offsets(place, timeout=timeout_s)[1]
    finally:
        reader.close()
    reader = clients.reader(committed=True)
    try:
        reader.assign([place])
        return _newest(reader, key, end, timeout_s)
    finally:
        reader.close()


def _newest(reader: Reader, key: bytes, end: int, timeout_s: float) -> bytes | None:
    value: bytes | None = None
    idle_s = 0.0
    while idle_s <= timeout_s:
        messages = reader.consume(num_messages=5_000, timeout=0.5)
        idle_s = 0.0 if messages else idle_s + 0.5
        for message in messages:
            error = message.error()
            if error is None:
                value = message.value() if message.key() == key else value
            elif error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  # the library's own name for it
                raise KafkaException(error)
            elif message.offset() >= end:
                return value
    raise TimeoutError(f"expected the positions to be readable up to offset {end}; an open transaction is in the way")

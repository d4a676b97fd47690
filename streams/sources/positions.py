"""How far the ingest of a recording has come: written in the same transaction as the events, so it is true whatever happens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from schemas.partitioner import partition_of
from streams.exports.reading import read_span, whole_span
from streams.ports import Clients
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


def read_newest(clients: Clients, topic: str, key: bytes, partitions: int) -> bytes | None:
    """Return the newest committed value of a key in a compacted topic; None where it has none.

    Waits for transactions that others have open before the end; TimeoutError where one does not end.
    """
    span = whole_span(clients, topic, partition_of(key, partitions))
    value: bytes | None = None
    reader = clients.reader(committed=True)
    try:
        for messages in read_span(reader, span):
            for message in messages:
                if message.key() == key:
                    value = message.value()
    finally:
        reader.close()
    return value

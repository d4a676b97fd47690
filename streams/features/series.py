"""What the features agent keeps of a series (symbol, interval) beside the engine's numbers, and of a symbol."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from streams.features.merge import NEVER, TopicClock

_VERSION = 1


class StoredStateError(ValueError):
    """Stored state is of a version that this code does not read."""


@dataclass(slots=True)
class Series:
    """One symbol at one decision interval."""

    slot: int
    last_end: int = NEVER
    """End of the newest bar folded: a bar that does not go beyond it is no new bar."""
    last_effective_at: int = NEVER
    inputs: list[str] = field(default_factory=list)
    """Ids of actions, news and posts folded since the features before."""

    def dump(self) -> bytes:
        stored = {"v": _VERSION, "last_end": self.last_end, "last_effective_at": self.last_effective_at, "inputs": self.inputs}
        return orjson.dumps(stored)

    @staticmethod
    def load(slot: int, data: bytes) -> "Series":
        stored = _stored(data)
        return Series(slot, stored["last_end"], stored["last_effective_at"], stored["inputs"])


@dataclass(slots=True)
class SymbolState:
    """One symbol: the splits it had, and whether made-up news or posts are among its inputs."""

    splits: list[tuple[int, float, str]] = field(default_factory=list)
    """(ex-date in microseconds, new shares for one old share, id of the action), oldest first."""
    synthetic: bool = False

    def dump(self) -> bytes:
        return orjson.dumps({"v": _VERSION, "splits": self.splits, "synthetic": self.synthetic})

    @staticmethod
    def load(data: bytes) -> "SymbolState":
        stored = _stored(data)
        return SymbolState([(at, ratio, name) for at, ratio, name in stored["splits"]], stored["synthetic"])


def dump_clock(clock: TopicClock) -> bytes:
    """Return how far a topic has told, and its silences, as bytes."""
    return orjson.dumps({"v": _VERSION, "told": clock.told, "silences": clock.silences})


def load_clock(data: bytes) -> TopicClock:
    """Return what ``dump_clock`` was given."""
    stored = _stored(data)
    return TopicClock(stored["told"], [(after, until) for after, until in stored["silences"]])


def dump_waiting(effective_at: int, value: bytes) -> bytes:
    """Return a record that waits, with the time from which it counts."""
    return effective_at.to_bytes(8, "little", signed=True) + value


def load_waiting(data: bytes) -> tuple[int, bytes]:
    """Return what ``dump_waiting`` was given."""
    return int.from_bytes(data[:8], "little", signed=True), data[8:]


def _stored(data: bytes) -> dict[str, Any]:
    stored: dict[str, Any] = orjson.loads(data)
    if stored["v"] != _VERSION:
        raise StoredStateError(f"expected state of version {_VERSION}, found {stored['v']}")
    return stored

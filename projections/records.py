"""Records as a runner hands them to a projection: decoded by nobody yet, each with its place in the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from schemas.codec import Codec, CodecError, UndecodableError
from schemas.events.base import Event
from schemas.values import to_micros

R = TypeVar("R")
E = TypeVar("E", bound=Event)

EARLIEST = to_micros(datetime(1900, 1, 1, tzinfo=UTC))
LATEST = to_micros(datetime(2290, 1, 1, tzinfo=UTC))
"""Times that both stores can hold."""


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one topic, by partition and offset."""

    partitions: NDArray[np.int32]
    offsets: NDArray[np.int64]
    values: Sequence[bytes | None]

    def __len__(self) -> int:
        return len(self.values)

    def part(self, first: int, end: int) -> "Records":
        """Return the records from ``first`` to before ``end``, counted from 0."""
        return Records(self.partitions[first:end], self.offsets[first:end], self.values[first:end])


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why the record at an index cannot be processed."""

    index: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Folded(Generic[R]):
    """What a projection made of records: rows to store, and what is wrong with the others."""

    rows: R
    flaws: list[Flaw]


def judged(codec: Codec, value: bytes | None, expected: type[E]) -> E:
    """Decode a record that a fast path refused, with all rules of its event; CodecError says what is wrong with it."""
    event = codec.decode(value)
    if not isinstance(event, expected):
        raise UnexpectedEventError(f"expected {expected.TYPE}, found {event.TYPE}")
    return event


class UnexpectedEventError(UndecodableError):
    """An event of another type than the topic holds."""

    code = "unexpected_type"


class UnstorableError(CodecError):
    """A valid event that the tables cannot hold."""

    code = "bad_value"

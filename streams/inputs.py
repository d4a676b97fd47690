"""Reads input records of an agent: an event that follows its rules, or a reason why not."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.codec import Codec, CodecError
from schemas.events.base import Event
from schemas.events.market import ClockAdvanced
from streams.fold import InputRecord

MICROS_PER_SECOND = 1_000_000


@dataclass(frozen=True)
class InputSettings:
    """What is refused at the edge."""

    max_future_us: int = 300 * MICROS_PER_SECOND
    """An event may be this much ahead of the append time of its record."""
    max_record_bytes: int = 256 * 1024


@dataclass(frozen=True)
class Refusal:
    """Why a record cannot be processed: a dead letter's code and message."""

    code: str
    message: str


class InputReader:
    """Decodes and checks the records of the topics of one agent."""

    def __init__(self, codec: Codec, expected: Mapping[str, tuple[type[Event], ...]], settings: InputSettings) -> None:
        self._codec = codec
        self._expected = expected
        self._settings = settings

    def read(self, topic: str, record: InputRecord) -> Event | Refusal:
        """Return the event of a record, every rule checked."""
        if record.value is not None and len(record.value) > self._settings.max_record_bytes:
            return Refusal("oversize", f"expected at most {self._settings.max_record_bytes} bytes, found {len(record.value)}")
        try:
            event = self._codec.decode(record.value)
        except CodecError as error:
            return Refusal(error.code, str(error))
        if not isinstance(event, self._expected[topic]):
            names = ", ".join(expected.TYPE for expected in self._expected[topic])
            return Refusal("bad_value", f"expected {names} in {topic}, found {event.TYPE}")
        if isinstance(event, ClockAdvanced):
            return event
        if record.key != event.key():
            return Refusal("bad_value", f"expected the key {event.key()!r}, found {record.key!r}")
        limit = record.timestamp * 1000 + self._settings.max_future_us
        if event.occurred_at() > limit:
            return Refusal("future", f"expected a time up to {limit}, found {event.occurred_at()} microseconds")
        return event

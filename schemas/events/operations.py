"""Facts about the platform itself."""

from typing import ClassVar
from urllib.parse import quote

from pydantic import Field

from schemas.events.base import Event, Record
from schemas.values import Count, Micros, Name


class Header(Record):
    """One Kafka header, as it was."""

    name: str
    value: bytes | None


class DeadLetter(Event):
    """A record that could not be processed: its bytes as they came, where it lies, and what was wrong with it."""

    TYPE: ClassVar[str] = "operations.dead_letter"

    id: str
    topic: Name
    partition: Count
    offset: Count
    record_key: bytes | None
    record_value: bytes | None
    headers: tuple[Header, ...] = ()
    agent: Name
    code: Name = Field(description="undecodable, unknown_schema, bad_value, future, too_late, oversize, …")
    message: str = Field(description="what was expected and what was found")
    attempts: Count
    appended_at: Micros = Field(description="append time of the record that failed")

    def identity(self) -> str:
        return self.id

    def origin(self) -> str:
        return f"/autotrader/{quote(self.agent)}"

    def occurred_at(self) -> int:
        return self.appended_at

    def key(self) -> bytes:
        return self.record_key or b""

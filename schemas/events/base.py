"""What every public event has in common."""

from typing import ClassVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen part of an event: unknown fields are refused, so that a misspelt one is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Event(Record):
    """A fact. Its stored name and version are chosen, never derived from a module path."""

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1

    def identity(self) -> str:
        """Return what makes this event the same event when it is seen again."""
        raise NotImplementedError

    def origin(self) -> str:
        """Return the CloudEvents source: who states this fact."""
        return f"/autotrader/{self.TYPE}"

    def occurred_at(self) -> int:
        """Return the event time in microseconds since the Unix epoch."""
        raise NotImplementedError

    def key(self) -> bytes:
        """Return the Kafka key: events of one key keep their order."""
        raise NotImplementedError


def source_uri(source: str) -> str:
    """Return the CloudEvents source of a data source: a URI reference, whatever its name is made of."""
    return f"/sources/{quote(source)}"

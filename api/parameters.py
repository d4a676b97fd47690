"""The values that paths and queries are made of, and how a query string becomes a validated object."""

from typing import Annotated, Any
from urllib.parse import parse_qsl

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails

from api.errors import Detail, InvalidRequest
from schemas.values import SYMBOL_PATTERN, Interval, Symbol, parse_time

SYMBOLS_MAX = 50
_FOUND_MAX = 80


def _time(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f"expected an ISO 8601 time with a zone as text, found {type(value).__name__}")  # noqa: TRY004  # pydantic
    try:
        return parse_time(value)
    except (ValueError, OverflowError):
        raise ValueError("expected an ISO 8601 time with a zone, such as 2024-01-15T10:30:00Z (a + is %2B in a query)") from None


def _separated(value: Any) -> Any:
    return [part for part in value.split(",") if part] if isinstance(value, str) else value


Time = Annotated[int, BeforeValidator(_time), WithJsonSchema({"type": "string", "format": "date-time"})]
"""Microseconds since the Unix epoch, written as ISO 8601 with a zone."""

Symbols = Annotated[
    tuple[Symbol, ...],
    BeforeValidator(_separated),
    Field(max_length=SYMBOLS_MAX),
    WithJsonSchema({"type": "array", "items": {"type": "string", "pattern": SYMBOL_PATTERN}, "maxItems": SYMBOLS_MAX}),
]
"""Symbols separated by commas; none means all."""

IntervalText = Annotated[Interval, WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,3}[smhd]$", "examples": ["1d"]})]
Source = Annotated[str, Field(min_length=1, max_length=200)]


class Input(BaseModel):
    """What a client sends. Unknown names are refused, so that a misspelt one is an error and not a silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoQuery(Input):
    """An operation without parameters."""


def read_query[Q: Input](model: type[Q], query_string: bytes) -> Q:
    """Return a query string as its object; InvalidRequest names everything that is wrong with it."""
    raise NotImplementedError

"""The values that paths, queries and bodies are made of."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from schemas.values import SYMBOL_PATTERN, Interval, Symbol, parse_time

SYMBOLS_MAX = 50
INTERVAL_PATTERN = "^[1-9][0-9]{0,3}[smhd]$"
_TIME_EXPECTED = "expected an ISO 8601 time with a zone, such as 2024-01-15T10:30:00Z (in a query, + is written %2B)"


def _micros(value: Any) -> int:
    try:
        return parse_time(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(_TIME_EXPECTED) from None


def _separated(value: Any) -> Any:
    return [part for part in value.split(",") if part] if isinstance(value, str) else value


Time = Annotated[int, BeforeValidator(_micros), WithJsonSchema({"type": "string", "format": "date-time"})]
"""Microseconds since the Unix epoch, written as ISO 8601 with a zone."""

Symbols = Annotated[
    tuple[Symbol, ...],
    BeforeValidator(_separated),
    Field(max_length=SYMBOLS_MAX),
    WithJsonSchema({"type": "array", "items": {"type": "string", "pattern": SYMBOL_PATTERN}, "maxItems": SYMBOLS_MAX}),
]
"""Symbols separated by commas."""

IntervalText = Annotated[
    Interval, WithJsonSchema({"type": "string", "pattern": INTERVAL_PATTERN, "description": "such as 1s, 5m, 1h or 1d"})
]
SourceName = Annotated[str, Field(min_length=1, max_length=200)]


class Input(BaseModel):
    """What a client sends. Unknown names are refused: a misspelt one is an error and not a silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NoQuery(Input):
    """For operations without parameters."""


class SymbolPath(Input):
    """A symbol in the path."""

    symbol: Symbol

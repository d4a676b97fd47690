"""The values every event is made of: validated once, at the edge."""

import re
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Annotated

from pydantic import AfterValidator, Field

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNITS_US = {"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_INTERVAL = re.compile(r"([1-9][0-9]{0,3})([smhd])")


def interval_us(interval: str) -> int:
    """Return the length of an interval such as ``1m`` in microseconds; ValueError where it is none."""
    match = _INTERVAL.fullmatch(interval)
    if match is None:
        raise ValueError(f"expected an interval such as 1s, 5m, 1h or 1d, found {interval!r}")
    return int(match[1]) * _UNITS_US[match[2]]


def to_micros(time: datetime) -> int:
    """Return an aware time as microseconds since the Unix epoch; ValueError where it names no zone."""
    if time.tzinfo is None:
        raise ValueError(f"expected a time with a zone, found the naive {time.isoformat()}")
    return (time - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return microseconds since the Unix epoch as an aware UTC time; OverflowError outside the years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=micros)


def iso(micros: int) -> str:
    """Return microseconds since the Unix epoch as ISO 8601 with six decimals and a Z."""
    return from_micros(micros).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_time(text: str) -> int:
    """Return an ISO 8601 time with a zone as microseconds since the Unix epoch; ValueError otherwise."""
    return to_micros(datetime.fromisoformat(text))


def _known_interval(interval: str) -> str:
    interval_us(interval)
    return interval


def _finite(number: float) -> float:
    if not isfinite(number):
        raise ValueError(f"expected a finite number, found {number}")
    return number


SYMBOL_PATTERN = r"^[A-Z0-9][A-Z0-9._-]{0,15}$"

MICROS_MIN, MICROS_MAX = to_micros(datetime.min.replace(tzinfo=UTC)), to_micros(datetime.max.replace(tzinfo=UTC))
"""The years 1 to 9999: what ISO 8601 and the databases can say too."""

Micros = Annotated[int, Field(ge=MICROS_MIN, le=MICROS_MAX, json_schema_extra={"avro": "timestamp-micros"})]
"""Microseconds since the Unix epoch, UTC."""

Symbol = Annotated[str, Field(pattern=SYMBOL_PATTERN)]
Interval = Annotated[str, AfterValidator(_known_interval)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
"""A source, a recording, a model: something that names."""

Finite = Annotated[float, AfterValidator(_finite)]
NonNegative = Annotated[float, AfterValidator(_finite), Field(ge=0)]
Positive = Annotated[float, AfterValidator(_finite), Field(gt=0)]
Count = Annotated[int, Field(ge=0, lt=2**62)]
Unit = Annotated[float, AfterValidator(_finite), Field(ge=0, le=1)]
"""A probability or a share, 0 to 1."""

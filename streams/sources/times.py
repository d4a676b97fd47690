"""Times as files state them, to microseconds since the Unix epoch. A time without a zone is read only where one is given for it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.values import MICROS_MAX, MICROS_MIN, to_micros
from streams.sources.problems import FileRefusedError, shown

EPOCH_UNITS_PER_SECOND = {"epoch-s": 1, "epoch-ms": 1_000, "epoch-us": 1_000_000, "epoch-ns": 1_000_000_000}
_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}")
_MICROS = 1_000_000
_Read = TypeVar("_Read")

DateRule = Literal["refuse", "utc_day"]
"""What a date without a time of day means: nothing that can be used, or the start of that day in UTC."""


@dataclass(frozen=True, slots=True)
class TimeReading:
    """How the times of a file are read."""

    zone: ZoneInfo | None = None
    """Of times that name none."""
    format: str | None = None
    """``epoch-s``, ``epoch-ms``, ``epoch-us``, ``epoch-ns``, or a format of ``datetime.strptime``; None: ISO 8601."""

    @property
    def epoch_units(self) -> int | None:
        """Return the units of a second where times are numbers since the epoch."""
        return EPOCH_UNITS_PER_SECOND.get(self.format or "")


def zone_named(name: str | None) -> ZoneInfo | None:
    """Return a time zone by its IANA name; FileRefusedError where there is none of that name."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise FileRefusedError(f"expected a time zone such as America/Chicago or UTC, found {name!r}") from error


def parse_time(value: object, reading: TimeReading, dates: DateRule = "refuse") -> int:
    """Return one stated time in microseconds since the Unix epoch; ValueError with what was expected and found."""
    micros = _parse(value, reading, dates)
    if not MICROS_MIN <= micros <= MICROS_MAX:
        raise ValueError("expected a time in the years 1 to 9999")
    return micros


def _parse(value: object, reading: TimeReading, dates: DateRule) -> int:
    if isinstance(value, datetime):
        return _placed(value, reading, value)
    if isinstance(value, date):
        return _day(value, dates, value)
    text = (value.decode(errors="replace") if isinstance(value, bytes) else "" if value is None else str(value)).strip()
    if not text:
        raise ValueError("expected a time, found nothing")
    if reading.epoch_units is not None:
        return _epoch(text, reading.epoch_units)
    if reading.format is None and _DATE.fullmatch(text):
        return _day(_read(text, date.fromisoformat, "a date"), dates, text)
    if reading.format is None:
        return _placed(_read(text, datetime.fromisoformat, "an ISO 8601 time"), reading, text)
    pattern = reading.format
    return _placed(_read(text, lambda given: datetime.strptime(given, pattern), f"a time like {pattern}"), reading, text)  # noqa: DTZ007


def _read(text: str, parse: Callable[[str], _Read], wanted: str) -> _Read:
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"expected {wanted}, found {shown(text)}") from error


def _epoch(text: str, units: int) -> int:
    try:
        return int(text) * _MICROS // units
    except ValueError:
        pass
    try:
        return round(float(text) * _MICROS / units)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"expected a number since 1970, found {shown(text)}") from error


def _day(day: date, dates: DateRule, found: object) -> int:
    if dates == "refuse":
        raise ValueError(f"expected a time of day too, found {shown(found)}")
    return to_micros(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _placed(time: datetime, reading: TimeReading, found: object) -> int:
    if time.tzinfo is not None:
        return to_micros(time)
    if reading.zone is None:
        raise ValueError(f"expected a time with a zone, found {shown(found)}: state the zone of such times with --timezone")
    offset, why = local_offset(time, reading.zone)
    if offset is None:
        raise ValueError(f"expected a local time that is one point in time, found {shown(found)}: {why} in {reading.zone.key}")
    return to_micros(time.replace(tzinfo=UTC)) - offset


@lru_cache(maxsize=65_536)
def local_offset(local: datetime, zone: ZoneInfo) -> tuple[int | None, str]:
    """Return what a zone's clock is ahead of UTC in microseconds at a local time; None and why where that is not one answer."""
    early, late = (local.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    if early == late:
        return early // timedelta(microseconds=1), ""
    exists = (local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)).replace(tzinfo=None) == local
    return None, "the clock shows it twice" if exists else "the clock skips it"

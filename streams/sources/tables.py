"""Bars, corporate actions, news and posts of a file: each row to its events, every rule of an event checked."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from schemas.events.base import Event
from schemas.events.market import BarClosed, CorporateAction, NewsPublished, SocialPostPublished
from schemas.ids import derived_id
from schemas.values import interval_us
from streams.sources.checks import read_flag
from streams.sources.columns import Kind
from streams.sources.problems import BadRowError, shown
from streams.sources.rows import Row
from streams.sources.times import DateRule, TimeReading, parse_time

_DAY_US = interval_us("1d")
_SYMBOL_SEPARATORS = re.compile(r"[\s;,|]+")
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]00:00(:00(\.0+)?)?")
_RATIO = re.compile(r"\s*([0-9.]+)\s*[:/]\s*([0-9.]+)\s*")


@dataclass(frozen=True, slots=True)
class TableReading:
    """What a file of bars, actions, news or posts does not say of itself."""

    source: str
    recording: str
    times: TimeReading
    symbol: str | None = None
    interval: str = "1d"
    """Of bars."""
    delay_us: int = 0
    """Of bars: from the end of a bar until it is available."""


class RowReader:
    """Reads values of one row; BadRowError with the column where one does not fit."""

    def __init__(self, row: Row, line: int, reading: TableReading) -> None:
        self._row = row
        self.line = line
        self.reading = reading

    def time(self, column: str, dates: DateRule = "refuse") -> int:
        value = self._row.get(column)
        try:
            return parse_time(value, self.reading.times, dates)
        except (ValueError, OverflowError) as error:
            raise BadRowError(column, str(error)) from error

    def time_or(self, column: str, default: int, dates: DateRule = "refuse") -> int:
        return default if self._row.get(column) is None else self.time(column, dates)

    def day(self, column: str) -> int:
        """Read the start of a day's bar: a date, or its midnight without a zone, names the UTC day."""
        value = self._row.get(column)
        if isinstance(value, datetime) and value.tzinfo is None and value.time() == value.time().min:
            value = value.date()
        elif isinstance(value, str) and (midnight := _MIDNIGHT.fullmatch(value)):
            value = midnight[1]
        return RowReader({column: value}, self.line, self.reading).time(column, "utc_day")

    def number(self, column: str, default: float | None = None) -> float:
        value = self._row.get(column)
        if value is None and default is not None:
            return default
        try:  # Python would take True and 1_0 for numbers
            return float("" if isinstance(value, bool) or "_" in str(value) else value)  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            raise BadRowError(column, f"expected a number, found {shown(value)}") from error

    def text(self, column: str, default: str = "") -> str:
        value = self._row.get(column)
        return default if value is None else str(value)

    def flag(self, column: str) -> bool:
        flag = read_flag(self.text(column, "false"))
        if flag is None:
            raise BadRowError(column, f"expected true or false, found {shown(self._row.get(column))}")
        return flag

    def symbol(self) -> str:
        return self.reading.symbol or self.text("symbol")

    def symbols(self) -> list[str]:
        listed = [part for part in _SYMBOL_SEPARATORS.split(self.reading.symbol or self.text("symbols")) if part]
        if not listed:
            raise BadRowError("symbols", "expected at least one symbol, found nothing")
        return list(dict.fromkeys(listed))


def _bars(row: RowReader) -> Iterator[Event]:
    reading = row.reading
    length = interval_us(reading.interval)
    start = row.day("start") if length % _DAY_US == 0 else row.time("start")
    if start % length:
        raise BadRowError("start", f"expected the start of a {reading.interval} window counted from 1970 in UTC")
    symbol, close = row.symbol(), row.number("close")
    yield BarClosed(
        id=derived_id(BarClosed.TYPE, reading.source, symbol, reading.interval, start, 0),
        symbol=symbol,
        interval=reading.interval,
        start=start,
        end=start + length,
        open=row.number("open"),
        high=row.number("high"),
        low=row.number("low"),
        close=close,
        volume=row.number("volume"),
        vwap=row.number("vwap", close),
        trades=int(row.number("trades", 0)),
        revision=0,
        origin_kind="vendor",
        source=reading.source,
        available_at=start + length + reading.delay_us,
    )


def _actions(row: RowReader) -> Iterator[Event]:
    source, symbol, kind = row.reading.source, row.symbol(), row.text("kind").lower()
    effective_at = row.time("effective_at", "utc_day")
    ratio, amount = _ratio(row), row.number("amount", 0.0)
    if kind == "split" and (ratio == 1 or amount):
        raise BadRowError("ratio", f"expected a split's ratio other than 1 and no amount, found {ratio:g} and {amount:g}")
    if kind == "dividend" and (ratio != 1 or not amount):
        raise BadRowError("amount", f"expected a dividend's amount and no ratio, found {amount:g} and {ratio:g}")
    yield CorporateAction(
        id=derived_id(CorporateAction.TYPE, source, symbol, kind, effective_at),
        symbol=symbol,
        kind=kind,
        effective_at=effective_at,
        ratio=ratio,
        amount=amount,
        available_at=row.time_or("available_at", effective_at, "utc_day"),
        source=source,
    )


def _ratio(row: RowReader) -> float:
    if stated := _RATIO.fullmatch(row.text("ratio")):
        new, old = float(stated[1]), float(stated[2])
        return new / old if old else 0.0
    return row.number("ratio", 1.0)


def _news(row: RowReader) -> Iterator[Event]:
    for symbol in row.symbols():
        yield NewsPublished(
            **_item(row, symbol, NewsPublished.TYPE),
            headline=row.text("headline"),
            summary=row.text("summary"),
            url=row.text("url"),
        )


def _social(row: RowReader) -> Iterator[Event]:
    for symbol in row.symbols():
        yield SocialPostPublished(
            **_item(row, symbol, SocialPostPublished.TYPE),
            platform=row.text("platform", row.reading.source),
            text=row.text("text"),
            reach=int(row.number("reach", 0)),
        )


def _item(row: RowReader, symbol: str, event_type: str) -> dict[str, Any]:
    source = row.reading.source
    item_id = row.text("item_id", f"{row.reading.recording}/{row.line}")
    published_at = row.time("published_at")
    available_at = row.time_or("available_at", published_at)
    if available_at < published_at:
        raise BadRowError("available_at", "expected a time at or after published_at, found an earlier one")
    return {
        "id": derived_id(event_type, source, item_id, symbol),
        "item_id": item_id,
        "symbol": symbol,
        "source": source,
        "published_at": published_at,
        "available_at": available_at,
        "synthetic": row.flag("synthetic"),
    }


_EVENTS: Mapping[Kind, Callable[[RowReader], Iterator[Event]]] = {
    "bars": _bars,
    "actions": _actions,
    "news": _news,
    "social": _social,
}


def events_of(kind: Kind, row: Row, line: int, reading: TableReading) -> list[Event]:
    """Return the events of a row; BadRowError where it breaks a rule."""
    try:
        return list(_EVENTS[kind](RowReader(row, line, reading)))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        column = str(first["loc"][0]) if first["loc"] else ""
        found = "" if not column else f", found {shown(first['input'])}"
        raise BadRowError(column, f"{first['msg'].removeprefix('Value error, ')}{found}") from error
    except (ValueError, OverflowError) as error:
        if isinstance(error, BadRowError):
            raise
        raise BadRowError("", str(error)) from error

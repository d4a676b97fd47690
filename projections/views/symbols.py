"""The symbols and their series of bars, in Postgres."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import psycopg

from projections.records import Folded, Records
from projections.session import translated
from projections.versions import SYMBOLS_V1, Projection
from projections.views.bars import BarFold
from projections.views.series import Chosen, taken
from schemas.bar_columns import PRICES, BarColumns
from schemas.codec import Codec
from schemas.values import from_micros

_CLOSE = PRICES.index("close")
_KEEP = """
INSERT INTO {schema}.symbols AS s
    (symbol, "interval", source, bars, first_start, last_end, last_revision, last_close)
VALUES (%(symbol)s, %(interval)s, %(source)s, %(bars)s, %(first_start)s, %(last_end)s, %(last_revision)s, %(last_close)s)
ON CONFLICT (symbol, "interval", source) DO UPDATE SET
    bars = s.bars + excluded.bars,
    first_start = least(s.first_start, excluded.first_start),
    (last_end, last_revision, last_close) = (
        SELECT last_end, last_revision, last_close
        FROM (VALUES (s.last_end, s.last_revision, s.last_close),
                     (excluded.last_end, excluded.last_revision, excluded.last_close)) AS two (last_end, last_revision, last_close)
        ORDER BY last_end DESC, last_revision DESC LIMIT 1)
"""
_MICROS = "(extract(epoch FROM {0}) * 1000000)::bigint"
_ALL = f"""
SELECT symbol, "interval", source, bars, {_MICROS.format("first_start")}, {_MICROS.format("last_end")}, last_close
FROM {{schema}}.symbols ORDER BY symbol, "interval", source
"""  # noqa: S608  (constants)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a batch says of one series. ``bars`` counts first revisions only: a later one is the same bar."""

    symbol: str
    interval: str
    source: str
    bars: int
    first_start: int
    last_end: int
    last_revision: int
    last_close: float

    def arguments(self) -> Mapping[str, Any]:
        return {
            "symbol": self.symbol,
            "interval": self.interval,
            "source": self.source,
            "bars": self.bars,
            "first_start": from_micros(self.first_start),
            "last_end": from_micros(self.last_end),
            "last_revision": self.last_revision,
            "last_close": self.last_close,
        }


class SymbolsView:
    """Keeps what is known of each series of bars."""

    def __init__(self, codec: Codec, projection: Projection = SYMBOLS_V1) -> None:
        self.projection = projection
        self._bars = BarFold(codec)
        self._keep = _KEEP.format(schema=projection.schema)

    def fold(self, records: Records) -> Folded[list[_Found]]:
        """Return what the records say of each series, and what is wrong with those that say nothing."""
        parts, flaws = self._bars.fold(records)
        return Folded([found for part in parts for found in _found(part)], flaws)

    def prepare(self, cursor: psycopg.Cursor[Any]) -> None:
        """Make ready what a connection needs once: nothing."""

    def write(self, cursor: psycopg.Cursor[Any], rows: list[_Found]) -> None:
        """Add to the series within the caller's transaction; what counts must not be given twice."""
        ordered = sorted(rows, key=lambda found: (found.symbol, found.interval, found.source))
        for found in ordered:
            cursor.execute(self._keep, found.arguments())


def _found(part: Chosen[BarColumns]) -> list[_Found]:
    bars, rows = part.columns, part.rows
    keys = list(zip(taken(bars.symbol, rows), taken(bars.interval, rows), taken(bars.source, rows), strict=True))
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    series = np.array([numbers[key] for key in keys], np.int64)
    start, end, revision, close = bars.start[rows], bars.end[rows], bars.revision[rows], bars.prices[rows, _CLOSE]
    order = np.lexsort((revision, end, series))
    found = []
    for key, number in numbers.items():
        own = order[np.searchsorted(series, number, "left", order) : np.searchsorted(series, number, "right", order)]
        last = own[-1]
        first_start, count = int(start[own].min()), int((revision[own] == 0).sum())
        found.append(_Found(*key, count, first_start, int(end[last]), int(revision[last]), float(close[last])))
    return found


@dataclass(frozen=True, slots=True)
class Series:
    """One series of bars of a symbol. Times in microseconds since the Unix epoch."""

    interval: str
    source: str
    bars: int
    first_start: int
    last_end: int
    last_close: float


@dataclass(frozen=True, slots=True)
class SymbolRow:
    """A symbol, the close of its newest bar, and its series."""

    symbol: str
    price: float
    as_of: int
    """End of that bar in microseconds since the Unix epoch."""
    series: tuple[Series, ...]


async def symbols(connection: psycopg.AsyncConnection[Any], *, projection: Projection = SYMBOLS_V1) -> list[SymbolRow]:
    """Return all symbols by name. StoreUnavailable, StoreRejected."""
    with translated():
        async with connection.cursor(binary=True) as cursor:
            await cursor.execute(_ALL.format(schema=projection.schema))
            rows = await cursor.fetchall()
    return [_symbol(symbol, [Series(*row[1:]) for row in of]) for symbol, of in groupby(rows, key=itemgetter(0))]


def _symbol(symbol: str, series: list[Series]) -> SymbolRow:
    newest = max(series, key=lambda one: one.last_end)
    return SymbolRow(symbol, newest.last_close, newest.last_end, tuple(series))

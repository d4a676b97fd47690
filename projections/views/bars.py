"""Bars in ClickHouse: one row a series and start, the highest revision of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from projections.checks import Names, are_storable_times, are_uuids, is_storable_time, is_uuid, pass_all
from projections.ports import Analytics
from projections.records import Flaw, Folded, Records, UnstorableError, judged
from projections.versions import BARS_V1, Projection
from projections.views.series import Chosen, Columns, chosen, newest_in_range, stacked, taken
from schemas.avro_columns import layout_id
from schemas.bar_columns import LAYOUT_VERSION, ORIGIN_KINDS, PRICES, BarColumns, bar_columns_of, decode_bar_columns
from schemas.codec import Codec
from schemas.events.market import BarClosed


class BarFold:
    """Decodes records to columns and holds them against the rules of a bar."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._schema_id = layout_id(codec.catalogue, BarClosed.TYPE, LAYOUT_VERSION)
        self._names = Names()

    def fold(self, records: Records) -> tuple[list[Chosen[BarColumns]], list[Flaw]]:
        """Return the sound rows of columns with the records they are of, and what is wrong with the other records."""
        columns = decode_bar_columns([value or b"" for value in records.values], self._schema_id)
        return chosen(records, columns, self._are_sound(columns), self._judged, bar_columns_of)

    def _are_sound(self, bars: BarColumns) -> NDArray[np.bool_]:
        names = self._names
        opened, high, low, close, volume, vwap = bars.prices.T
        with np.errstate(invalid="ignore"):
            numbers = (
                np.isfinite(bars.prices).all(axis=1)
                & (low > 0)
                & (low <= np.minimum(opened, close))
                & (np.maximum(opened, close) <= high)
                & (volume >= 0)
                & (vwap > 0)
                & (bars.trades >= 0)
                & (bars.revision >= 0)
                & (bars.start < bars.end)
                & (bars.end <= bars.available_at)
                & are_storable_times(bars.start, bars.end, bars.available_at)
            )
        texts = (
            pass_all(bars.symbol, names.symbol)
            & pass_all(bars.interval, names.interval)
            & pass_all(bars.source, names.name)
            & are_uuids(bars.id)
        )
        return np.asarray(bars.plain & numbers & texts)

    def _judged(self, value: bytes | None) -> BarClosed:
        bar = judged(self._codec, value, BarClosed)
        if not (is_uuid(bar.id) and "\0" not in bar.source and all(map(is_storable_time, (bar.start, bar.end, bar.available_at)))):
            raise UnstorableError(f"expected a UUID as id and times of 1900 to 2289, found {bar.id!r:.50}, {bar.start}")
        return bar


class BarsView:
    """Stores bars."""

    def __init__(self, codec: Codec, projection: Projection = BARS_V1) -> None:
        self.projection = projection
        self.table = f"{projection.schema}.bars"
        self.partitioned_by = "start"
        self._fold = BarFold(codec)

    def fold(self, records: Records) -> Folded[Columns]:
        """Return the columns of sound records, and what is wrong with the others."""
        parts, flaws = self._fold.fold(records)
        return Folded(stacked([_columns(part, records) for part in parts]), flaws)


def _columns(part: Chosen[BarColumns], records: Records) -> Columns:
    bars, rows, at = part.columns, part.rows, part.records

    def texts(column: list[str]) -> list[str]:
        return taken(column, rows)

    kinds = bars.origin_kind[rows].tolist()
    return {
        "id": texts(bars.id),
        "symbol": texts(bars.symbol),
        "interval": texts(bars.interval),
        "source": texts(bars.source),
        "start": bars.start[rows],
        "end": bars.end[rows],
        **dict(zip(PRICES, bars.prices[rows].T.copy(), strict=True)),
        "trades": bars.trades[rows],
        "revision": bars.revision[rows],
        "origin_kind": [ORIGIN_KINDS[kind] for kind in kinds],
        "available_at": bars.available_at[rows],
        "kafka_partition": records.partitions[at],
        "kafka_offset": records.offsets[at],
    }


@dataclass(frozen=True, slots=True)
class BarRow:
    """A bar as it stands: its current revision. Times in microseconds since the Unix epoch."""

    id: str
    symbol: str
    interval: str
    source: str
    start: int
    end: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float
    trades: int
    revision: int
    origin_kind: str
    available_at: int


_SELECTED = """toString(id) AS id, symbol, interval, source, toUnixTimestamp64Micro(start) AS start,
toUnixTimestamp64Micro(end) AS end, open, high, low, close, volume, vwap, trades, revision, origin_kind,
toUnixTimestamp64Micro(available_at) AS available_at"""


def bars(
    analytics: Analytics,
    symbol: str,
    interval: str,
    start: int | None = None,
    end: int | None = None,
    limit: int = 500,
    *,
    source: str | None = None,
    projection: Projection = BARS_V1,
) -> list[BarRow]:
    """Return the newest ``limit`` bars that start in [start, end), oldest first. StoreUnavailable, StoreRejected."""
    series: dict[str, Any] = {"symbol": symbol, "interval": interval, "source": source}
    found = newest_in_range(analytics, f"{projection.schema}.bars", _SELECTED, "start", series, (start, end), limit)
    return [BarRow(*row) for row in zip(*found.values(), strict=True)]

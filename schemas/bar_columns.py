"""A chunk of encoded bars as columns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.avro_columns import ColumnReader
from schemas.events.market import BarClosed

LAYOUT_VERSION = 1
"""Of the schema whose fields are read here, in this order."""

ORIGIN_KINDS = ("built", "vendor")
_INPUTS_MAX = 2
"""The first and the last trade."""


@dataclass(frozen=True, slots=True)
class BarColumns:
    """Bars column by column; all have one element for each record. Where ``plain`` is false the rest says nothing."""

    plain: NDArray[np.bool_]
    id: list[str]
    symbol: list[str]
    interval: list[str]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    prices: NDArray[np.float64]
    """Open, high, low, close, volume, vwap: one row for each record."""
    trades: NDArray[np.int64]
    revision: NDArray[np.int64]
    origin_kind: NDArray[np.int64]
    """Index into ORIGIN_KINDS."""
    source: list[str]
    available_at: NDArray[np.int64]


PRICES = ("open", "high", "low", "close", "volume", "vwap")


def decode_bar_columns(values: Sequence[bytes], schema_id: int) -> BarColumns:
    """Decode records of version LAYOUT_VERSION of the bar's schema. Values are not checked against the rules of a bar."""
    reader = ColumnReader(values, schema_id, widest=8 * len(PRICES))
    bar_id, symbol, interval = reader.string(), reader.string(), reader.string()
    start, end = reader.long(), reader.long()
    prices = reader.doubles(len(PRICES))
    trades, revision, origin_kind = reader.long(), reader.long(), reader.long()
    source = reader.string()
    available_at = reader.long()
    inputs = reader.strings(_INPUTS_MAX)
    plain = reader.finish()
    for _, spans in inputs:
        reader.check_texts(spans)
    plain &= (origin_kind >= 0) & (origin_kind < len(ORIGIN_KINDS))
    return BarColumns(
        id=reader.texts(bar_id),
        symbol=reader.texts(symbol),
        interval=reader.texts(interval),
        source=reader.texts(source),
        plain=plain,
        start=start,
        end=end,
        prices=prices,
        trades=trades,
        revision=revision,
        origin_kind=np.clip(origin_kind, 0, len(ORIGIN_KINDS) - 1),
        available_at=available_at,
    )


def bar_columns_of(bars: Sequence[BarClosed]) -> BarColumns:
    """Return bars that were decoded one by one as columns."""

    def longs(name: str) -> NDArray[np.int64]:
        return np.array([getattr(bar, name) for bar in bars], np.int64)

    return BarColumns(
        plain=np.ones(len(bars), np.bool_),
        id=[bar.id for bar in bars],
        symbol=[bar.symbol for bar in bars],
        interval=[bar.interval for bar in bars],
        source=[bar.source for bar in bars],
        start=longs("start"),
        end=longs("end"),
        prices=np.array([[getattr(bar, name) for name in PRICES] for bar in bars], np.float64).reshape(-1, len(PRICES)),
        trades=longs("trades"),
        revision=longs("revision"),
        origin_kind=np.array([ORIGIN_KINDS.index(bar.origin_kind) for bar in bars], np.int64),
        available_at=longs("available_at"),
    )

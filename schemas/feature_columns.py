"""A chunk of encoded features as columns: both vectors lie at the end of each record, 8 bytes for each feature."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.avro_columns import ColumnReader, Spans
from schemas.events.signals import FeaturesComputed
from schemas.features import FEATURE_NAMES

LAYOUT_VERSION = 1
"""Of the schema whose fields are read here, in this order."""

_MISSING_MAX = 8
_INPUTS_MAX = 16
"""Longer ones are left to the ordinary decoder: each place costs a pass over the chunk."""


@dataclass(frozen=True, slots=True)
class FeatureColumns:
    """Features column by column; all have one element for each record. Where ``plain`` is false the rest says nothing."""

    plain: NDArray[np.bool_]
    id: list[str]
    symbol: list[str]
    interval: list[str]
    start: NDArray[np.int64]
    as_of: NDArray[np.int64]
    available_at: NDArray[np.int64]
    bar_id: list[str]
    source: list[str]
    price: NDArray[np.float64]
    volume: NDArray[np.float64]
    feature_set: list[str]
    missing: list[tuple[str, ...]]
    inputs: list[tuple[str, ...]]
    synthetic: NDArray[np.bool_]
    bars_seen: NDArray[np.int64]
    raw: NDArray[np.float64]
    """One row for each record, one column for each feature of the catalogue."""
    normalised: NDArray[np.float64]


def decode_feature_columns(values: Sequence[bytes], schema_id: int) -> FeatureColumns:
    """Decode records of version LAYOUT_VERSION of the features' schema. Values are not checked against the rules of the event."""
    size = len(FEATURE_NAMES)
    reader = ColumnReader(values, schema_id, widest=8 * 2 * size)
    features_id, symbol, interval = reader.string(), reader.string(), reader.string()
    start, as_of, available_at = reader.long(), reader.long(), reader.long()
    bar_id, source = reader.string(), reader.string()
    market = reader.doubles(2)
    feature_set = reader.string()
    missing, inputs = reader.strings(_MISSING_MAX), reader.strings(_INPUTS_MAX)
    synthetic, bars_seen = reader.boolean(), reader.long()
    vectors = reader.doubles(2 * size)
    plain = reader.finish()
    return FeatureColumns(
        id=reader.texts(features_id),
        symbol=reader.texts(symbol),
        interval=reader.texts(interval),
        bar_id=reader.texts(bar_id),
        source=reader.texts(source),
        feature_set=reader.texts(feature_set),
        missing=_lists(reader, missing, len(values)),
        inputs=_lists(reader, inputs, len(values)),
        plain=plain,
        start=start,
        as_of=as_of,
        available_at=available_at,
        price=market[:, 0],
        volume=market[:, 1],
        synthetic=synthetic,
        bars_seen=bars_seen,
        raw=vectors[:, :size],
        normalised=vectors[:, size:],
    )


def feature_columns_of(events: Sequence[FeaturesComputed]) -> FeatureColumns:
    """Return features that were decoded one by one as columns."""

    def longs(name: str) -> NDArray[np.int64]:
        return np.array([getattr(event, name) for event in events], np.int64)

    def vectors(name: str) -> NDArray[np.float64]:
        rows = [[getattr(getattr(event, name), feature) for feature in FEATURE_NAMES] for event in events]
        return np.array(rows, np.float64).reshape(-1, len(FEATURE_NAMES))

    return FeatureColumns(
        plain=np.ones(len(events), np.bool_),
        id=[event.id for event in events],
        symbol=[event.symbol for event in events],
        interval=[event.interval for event in events],
        bar_id=[event.bar_id for event in events],
        source=[event.source for event in events],
        feature_set=[event.feature_set for event in events],
        missing=[event.missing for event in events],
        inputs=[event.inputs for event in events],
        start=longs("start"),
        as_of=longs("as_of"),
        available_at=longs("available_at"),
        price=np.array([event.price for event in events], np.float64),
        volume=np.array([event.volume for event in events], np.float64),
        synthetic=np.array([event.synthetic for event in events], np.bool_),
        bars_seen=longs("bars_seen"),
        raw=vectors("raw"),
        normalised=vectors("normalised"),
    )


def _lists(reader: ColumnReader, places: Sequence[tuple[NDArray[np.bool_], Spans]], count: int) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [()] * count
    for place, (present, spans) in enumerate(places):
        which = np.flatnonzero(present)
        for row, text in zip(which.tolist(), reader.texts_of(spans, which), strict=True):
            rows[row] = (text,) if place == 0 else (*rows[row], text)
    return rows

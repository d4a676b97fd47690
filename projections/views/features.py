"""Features in ClickHouse: one row for each features event, each feature a column, as computed and normalised."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from projections.checks import Names, are_storable_times, are_uuids, is_storable_time, is_uuid, pass_all
from projections.ports import Analytics
from projections.records import Folded, Records, UnstorableError, judged
from projections.versions import FEATURES_V1, Projection
from projections.views.series import Chosen, Columns, chosen, newest_in_range, stacked, taken
from schemas.avro_columns import layout_id
from schemas.codec import Codec
from schemas.events.signals import FeaturesComputed
from schemas.feature_columns import LAYOUT_VERSION, FeatureColumns, decode_feature_columns, feature_columns_of
from schemas.features import FEATURE_NAMES

NORMALISED = "norm_"
"""Before the name of a feature: its column as a rolling z-score."""


class FeaturesView:
    """Stores features."""

    def __init__(self, codec: Codec, projection: Projection = FEATURES_V1) -> None:
        self.projection = projection
        self.table = f"{projection.schema}.symbol_features"
        self.partitioned_by = "timestamp"
        self._codec = codec
        self._schema_id = layout_id(codec.catalogue, FeaturesComputed.TYPE, LAYOUT_VERSION)
        self._names = Names()

    def fold(self, records: Records) -> Folded[Columns]:
        """Return the columns of sound records, and what is wrong with the others."""
        columns = decode_feature_columns([value or b"" for value in records.values], self._schema_id)
        parts, flaws = chosen(records, columns, self._are_sound(columns), self._judged, feature_columns_of)
        return Folded(stacked([_columns(part, records) for part in parts]), flaws)

    def _are_sound(self, features: FeatureColumns) -> NDArray[np.bool_]:
        names, times = self._names, (features.start, features.as_of, features.available_at)
        with np.errstate(invalid="ignore"):
            numbers = (
                np.isfinite(features.price)
                & (features.price > 0)
                & np.isfinite(features.volume)
                & (features.volume >= 0)
                & (features.bars_seen >= 0)
                & are_storable_times(*times)
            )
        texts = (
            pass_all(features.symbol, names.symbol)
            & pass_all(features.interval, names.interval)
            & pass_all(features.source, names.name)
            & pass_all(features.feature_set, names.name)
            & are_uuids(features.id)
            & are_uuids(features.bar_id)
        )
        return np.asarray(features.plain & numbers & texts)

    def _judged(self, value: bytes | None) -> FeaturesComputed:
        event = judged(self._codec, value, FeaturesComputed)
        times = (event.start, event.as_of, event.available_at)
        if not (is_uuid(event.id) and is_uuid(event.bar_id) and all(map(is_storable_time, times))):
            raise UnstorableError(f"expected UUIDs as ids and times of 1900 to 2289, found {event.id!r:.50}, {event.as_of}")
        return event


def _columns(part: Chosen[FeatureColumns], records: Records) -> Columns:
    features, rows, at = part.columns, part.rows, part.records
    return {
        "id": taken(features.id, rows),
        "symbol": taken(features.symbol, rows),
        "interval": taken(features.interval, rows),
        "source": taken(features.source, rows),
        "start": features.start[rows],
        "timestamp": features.as_of[rows],
        "available_at": features.available_at[rows],
        "price": features.price[rows],
        "volume": features.volume[rows],
        "bar_id": taken(features.bar_id, rows),
        "feature_set": taken(features.feature_set, rows),
        "missing": taken(features.missing, rows),
        "inputs": taken(features.inputs, rows),
        "synthetic": features.synthetic[rows],
        "bars_seen": features.bars_seen[rows],
        **dict(zip(FEATURE_NAMES, features.raw[rows].T.copy(), strict=True)),
        **dict(zip((NORMALISED + name for name in FEATURE_NAMES), features.normalised[rows].T.copy(), strict=True)),
        "kafka_partition": records.partitions[at],
        "kafka_offset": records.offsets[at],
    }


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """The features of a symbol at a time. Times in microseconds since the Unix epoch; NaN is what was not known yet."""

    id: str
    symbol: str
    interval: str
    source: str
    start: int
    timestamp: int
    available_at: int
    price: float
    volume: float
    bar_id: str
    feature_set: str
    synthetic: bool
    bars_seen: int
    missing: tuple[str, ...]
    inputs: tuple[str, ...]
    raw: dict[str, float]
    normalised: dict[str, float]


_HEAD = """toString(id) AS id, symbol, interval, source, toUnixTimestamp64Micro(start) AS start,
toUnixTimestamp64Micro(timestamp) AS timestamp, toUnixTimestamp64Micro(available_at) AS available_at, price, volume,
toString(bar_id) AS bar_id, feature_set, synthetic, bars_seen, missing, inputs"""
_HEAD_COLUMNS = 15
_SELECTED = ", ".join([_HEAD, *FEATURE_NAMES, *(NORMALISED + name for name in FEATURE_NAMES)])


def features(
    analytics: Analytics,
    symbol: str,
    interval: str,
    start: int | None = None,
    end: int | None = None,
    limit: int = 500,
    *,
    source: str | None = None,
    projection: Projection = FEATURES_V1,
) -> list[FeatureRow]:
    """Return the newest ``limit`` features with a timestamp in [start, end), oldest first. StoreUnavailable, StoreRejected."""
    series: dict[str, Any] = {"symbol": symbol, "interval": interval, "source": source}
    table = f"{projection.schema}.symbol_features"
    found = newest_in_range(analytics, table, _SELECTED, "timestamp", series, (start, end), limit)
    return [_row(row) for row in zip(*found.values(), strict=True)]


def _row(row: tuple[Any, ...]) -> FeatureRow:
    raw, normalised = row[_HEAD_COLUMNS:][: len(FEATURE_NAMES)], row[_HEAD_COLUMNS:][len(FEATURE_NAMES) :]
    *head, missing, inputs = row[:_HEAD_COLUMNS]
    values: list[Any] = [*head, tuple(missing), tuple(inputs)]
    values += [dict(zip(FEATURE_NAMES, raw, strict=True)), dict(zip(FEATURE_NAMES, normalised, strict=True))]
    return FeatureRow(*values)

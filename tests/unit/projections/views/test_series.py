"""Bars and features as ClickHouse columns, and the symbols of bars."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.clickhouse_runner import by_months
from projections.views.bars import BarsView
from projections.views.features import NORMALISED, FeaturesView
from projections.views.symbols import SymbolsView
from schemas.events.market import BarClosed
from schemas.events.signals import FeaturesComputed
from schemas.features import FEATURE_NAMES
from schemas.values import parse_time
from tests import strategies
from tests.builders import MINUTE, T0, bar
from tests.unit.projections.views.rows import CODEC, features, recommendation, records

BARS, FEATURES = BarsView(CODEC), FeaturesView(CODEC)


def broken_bar(**changes: object) -> bytes:
    return CODEC.encode_record(BarClosed.TYPE, {**bar().model_dump(), **changes})


def broken_features(**changes: object) -> bytes:
    return CODEC.encode_record(FeaturesComputed.TYPE, {**features().model_dump(), **changes})


def test_a_bar_has_its_values_and_its_place() -> None:
    event = bar(revision=2, volume=7.5, inputs=("a", "b", "c"))  # more inputs than columns are read for

    for one in (event, event.model_copy(update={"inputs": ()})):
        rows = BARS.fold(records(one)).rows

        for name in set(event.model_dump()) - {"inputs"}:
            assert [getattr(event, name)] == list(rows[name])
        assert ([3], [100]) == (rows["kafka_partition"].tolist(), rows["kafka_offset"].tolist())


def test_features_have_a_column_each_raw_and_normalised() -> None:
    event = features()

    rows = FEATURES.fold(records(event)).rows

    for name in FEATURE_NAMES:
        assert repr(getattr(event.raw, name)) == repr(float(rows[name][0]))
        assert repr(getattr(event.normalised, name)) == repr(float(rows[NORMALISED + name][0]))
    assert (event.as_of, event.missing, event.inputs) == (rows["timestamp"][0], rows["missing"][0], rows["inputs"][0])


@pytest.mark.parametrize(
    ("value", "code", "message"),
    [
        (None, "undecodable", "found none"),
        (b"nonsense", "undecodable", "expected the leading byte"),
        (CODEC.encode(recommendation()), "unexpected_type", "expected market.bar, found recommendations.made"),
        (broken_bar(close=math.nan), "bad_value", "close"),
        (broken_bar(high=math.inf), "bad_value", "high"),
        (broken_bar(low=-1.0), "bad_value", "low"),
        (broken_bar(high=99.5), "bad_value", "low <= open, close <= high"),
        (broken_bar(low=100.5), "bad_value", "low <= open, close <= high"),
        (broken_bar(volume=-1.0), "bad_value", "volume"),
        (broken_bar(vwap=0.0), "bad_value", "vwap"),
        (broken_bar(trades=-1), "bad_value", "trades"),
        (broken_bar(revision=-1), "bad_value", "revision"),
        (broken_bar(end=T0), "bad_value", "start < end"),
        (broken_bar(available_at=T0), "bad_value", "end <= available_at"),
        (broken_bar(symbol="no symbol"), "bad_value", "symbol"),
        (broken_bar(interval="1"), "bad_value", "interval"),
        (broken_bar(id="not-a-uuid"), "bad_value", "expected a UUID as id"),
        (broken_bar(start=parse_time("1850-01-01T00:00:00Z")), "bad_value", "times of 1900 to 2289"),
    ],
)
def test_a_bar_that_cannot_be_stored_is_told_why(value: bytes, code: str, message: str) -> None:
    assert_told(BARS.fold, bar(), value, (code, message))


@pytest.mark.parametrize(
    ("value", "code", "message"),
    [
        (None, "undecodable", "found none"),
        (CODEC.encode(features())[:-1], "undecodable", "expected"),
        (broken_features(price=math.nan), "bad_value", "price"),
        (broken_features(price=0.0), "bad_value", "price"),
        (broken_features(volume=-0.5), "bad_value", "volume"),
        (broken_features(bars_seen=-1), "bad_value", "bars_seen"),
        (broken_features(feature_set=""), "bad_value", "feature_set"),
        (broken_features(bar_id="x"), "bad_value", "expected UUIDs as ids"),
        (broken_features(as_of=parse_time("2300-01-01T00:00:00Z")), "bad_value", "times of 1900 to 2289"),
    ],
)
def test_features_that_cannot_be_stored_are_told_why(value: bytes, code: str, message: str) -> None:
    assert_told(FEATURES.fold, features(), value, (code, message))


def assert_told(fold: Callable[[Any], Any], sound: Any, value: bytes | None, expected: tuple[str, str]) -> None:
    folded = fold(records(sound, value, sound))

    [flaw] = folded.flaws
    assert (1, expected[0]) == (flaw.index, flaw.code)
    assert expected[1] in flaw.message
    assert [100, 102] == folded.rows["kafka_offset"].tolist()


@given(events=st.lists(strategies.bars(), max_size=4))
def test_every_bar_is_either_stored_or_told_why_not(events: list[BarClosed]) -> None:
    folded = BARS.fold(records(*events))

    assert set(range(len(events))) == {flaw.index for flaw in folded.flaws} | set((folded.rows["kafka_offset"] - 100).tolist())
    assert len(events) == len(folded.flaws) + len(folded.rows["kafka_offset"])


@given(events=st.lists(strategies.features, max_size=4))
def test_every_features_event_is_either_stored_or_told_why_not(events: list[FeaturesComputed]) -> None:
    folded = FEATURES.fold(records(*events))

    assert len(events) == len(folded.flaws) + len(folded.rows["kafka_offset"])


def test_years_of_months_are_inserted_in_blocks() -> None:
    starts = np.array([parse_time(f"{year}-{month:02}-01T00:00:00Z") for year in range(2000, 2013) for month in range(1, 13)])
    columns = {"start": starts[::-1].copy(), "text": [str(start) for start in starts[::-1].tolist()]}

    blocks = list(by_months(columns, "start", most=60))

    assert [60, 60, 36] == [len(block["start"]) for block in blocks]
    assert sorted(starts.tolist()) == sorted(start for block in blocks for start in block["start"].tolist())
    assert all([str(start) for start in block["start"].tolist()] == block["text"] for block in blocks)


def test_a_few_months_are_inserted_as_they_are() -> None:
    columns = {"start": np.array([T0, T0 + MINUTE])}

    assert [columns] == list(by_months(columns, "start"))


def test_nothing_is_not_inserted() -> None:
    assert [] == list(by_months({"start": np.array([], np.int64)}, "start"))


def test_a_symbol_s_series_are_summed_up() -> None:
    late = bar(start=T0, revision=1, close=95.0)
    events = [bar(start=T0 + MINUTE, close=103.0), bar(start=T0, close=101.0), late, bar(start=T0, interval="5m", close=99.0)]

    found = {(one.interval, one.source): one for one in SymbolsView(CODEC).fold(records(*events)).rows}

    assert {("1m", "test"), ("5m", "test")} == set(found)
    minutes = found["1m", "test"]
    assert (2, T0, T0 + 2 * MINUTE, 0, 103.0) == (
        *(minutes.bars, minutes.first_start, minutes.last_end, minutes.last_revision, minutes.last_close),
    )


def test_the_last_bar_s_highest_revision_gives_the_close() -> None:
    events = [bar(revision=2, close=97.0), bar(revision=0, close=101.0), bar(revision=1, close=99.0)]

    [found] = SymbolsView(CODEC).fold(records(*events)).rows

    assert (1, 2, 97.0) == (found.bars, found.last_revision, found.last_close)

"""Training sees what the stream computes."""

from dataclasses import replace

import numpy as np
import pytest

from models.features.engine import FeatureEngine
from models.training.dataset import HistoryError, build_dataset
from schemas.events.market import CorporateAction
from tests.unit.models.series import MINUTE, adjusted, at, joined, run, walk


def split(symbol, effective_at, ratio=2.0, kind="split"):
    return CorporateAction(
        id=f"{symbol}-{effective_at}",
        symbol=symbol,
        kind=kind,
        effective_at=effective_at,
        ratio=ratio,
        available_at=effective_at,
        source="test",
    )


def later(bars, micros):
    return replace(bars, end=bars.end + micros, available_at=bars.available_at + micros)


def with_split(bars, row, ratio):
    return joined([at(bars, one) if one < row else at(adjusted(bars, ratio), one) for one in range(len(bars.end))])


def test_rows_are_those_of_the_engine_bit_for_bit():
    every = {"B": walk(140, seed=1), "A": later(walk(120, seed=2), 30 * MINUTE), "C": later(walk(100, seed=3), 17)}
    data = build_dataset(every, [], "1m")

    assert data.symbols == ("A", "B", "C")
    assert (np.diff(data.available_at) >= 0).all()
    for number, symbol in enumerate(data.symbols):
        raw, normalised = run(FeatureEngine(), every[symbol], symbol)
        rows = data.symbol == number
        assert data.raw[rows].tobytes() == raw.tobytes()
        assert data.normalised[rows].tobytes() == normalised.tobytes()
        np.testing.assert_array_equal(data.close[rows], every[symbol].close)


def test_a_split_is_applied_before_the_first_bar_of_its_ex_date():
    bars = walk(160)
    effective_at = int(bars.end[99])  # start of row 100
    found = build_dataset({"S": with_split(bars, 100, 2.0)}, [split("S", effective_at)], "1m")
    raw, _ = run(FeatureEngine(), adjusted(bars, 2.0))

    np.testing.assert_allclose(found.raw[100:], raw[100:], rtol=1e-9, atol=1e-9)
    assert found.split[100] == 2.0
    assert (np.delete(found.split, 100) == 1.0).all()


def test_a_split_inside_a_gap_is_applied_before_the_next_bar():
    bars = walk(160)
    gap = joined([at(bars, row) for row in range(160) if not 95 <= row < 105])
    found = build_dataset({"S": with_split(gap, 95, 2.0)}, [split("S", int(bars.end[99]))], "1m")

    assert found.split[95] == 2.0


def test_splits_of_others_dividends_and_times_outside_change_nothing():
    bars = walk(120)
    inside = int(bars.end[50])
    actions = [
        split("T", inside),
        split("S", inside, ratio=1.0, kind="dividend"),
        split("S", 0),
        split("S", int(bars.end[-1]) + MINUTE),
    ]
    found, plain = build_dataset({"S": bars}, actions, "1m"), build_dataset({"S": bars}, [], "1m")

    assert found.raw.tobytes() == plain.raw.tobytes()


def test_bars_out_of_order_are_refused():
    bars = walk(30)

    with pytest.raises(HistoryError, match="expected the bars of S in the order of time, found row 7"):
        build_dataset({"S": joined([at(bars, row) for row in (*range(7), 6, *range(7, 30))])}, [], "1m")


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(HistoryError, match="expected columns of one length for S"):
        build_dataset({"S": replace(walk(30), volume=np.ones(29))}, [], "1m")

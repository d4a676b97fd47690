"""What would have been right."""

import math

import numpy as np

from models.features.layout import COLUMN
from models.training.dataset import build_dataset
from models.training.labels import BUY, HOLD, SELL, UNKNOWN, make_labels
from tests.unit.models.series import walk
from tests.unit.models.training.test_dataset import later, split, with_split

HORIZON, BAND = 5, 0.5


def test_a_label_compares_the_forward_return_with_the_band():
    bars = walk(200)
    data = build_dataset({"S": bars}, [], "1m")
    labels = make_labels(data, HORIZON, BAND)

    for row in range(20, 195):
        forward = math.log(bars.close[row + HORIZON] / bars.close[row])
        width = BAND * data.raw[row, COLUMN["volatility_20"]] * math.sqrt(HORIZON)
        expected = BUY if forward > width else SELL if forward < -width else HOLD
        assert (row, labels.action[row]) == (row, expected)
        assert abs(labels.forward[row] - forward) < 1e-12
        assert labels.known_at[row] == bars.end[row + HORIZON]


def test_without_horizon_or_volatility_there_is_no_label():
    labels = make_labels(build_dataset({"S": walk(60)}, [], "1m"), HORIZON, BAND)

    assert (labels.action[:20] == UNKNOWN).all()
    assert (labels.action[-HORIZON:] == UNKNOWN).all()
    assert (labels.action[20:-HORIZON] != UNKNOWN).all()


def test_a_split_inside_the_horizon_is_no_crash():
    bars = walk(160)
    plain = make_labels(build_dataset({"S": bars}, [], "1m"), HORIZON, BAND)
    found = make_labels(build_dataset({"S": with_split(bars, 100, 2.0)}, [split("S", int(bars.end[99]))], "1m"), HORIZON, BAND)

    np.testing.assert_array_equal(found.action, plain.action)
    np.testing.assert_allclose(found.forward, plain.forward, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.following, plain.following, rtol=0, atol=1e-12)


def test_a_label_looks_at_its_own_symbol_only():
    alone = make_labels(build_dataset({"A": walk(120, seed=1)}, [], "1m"), HORIZON, BAND)
    data = build_dataset({"A": walk(120, seed=1), "B": later(walk(120, seed=2), 999)}, [], "1m")
    together = make_labels(data, HORIZON, BAND)

    np.testing.assert_array_equal(together.action[data.symbol == 0], alone.action)
    np.testing.assert_array_equal(together.following[data.symbol == 0], alone.following)

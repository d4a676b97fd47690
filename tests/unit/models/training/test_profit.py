"""Whether it would have paid."""

import numpy as np
import pytest

from models.training.labels import BUY, HOLD, SELL
from models.training.profit import block_bootstrap, net_returns


def test_a_position_earns_the_next_return_and_pays_for_what_it_changes():
    decided = np.array([BUY, BUY, SELL, HOLD])
    following = np.array([0.01, -0.02, -0.03, 0.04])
    found = net_returns(decided, following, np.zeros(4, dtype=np.int64), cost_bps=10.0)

    np.testing.assert_allclose(found, [0.01 - 0.001, -0.02, 0.03 - 0.002, -0.001])


def test_each_symbol_has_its_own_position():
    decided = np.array([BUY, SELL, BUY, SELL])
    found = net_returns(decided, np.full(4, 0.01), np.array([0, 1, 0, 1]), cost_bps=10.0)

    np.testing.assert_allclose(found, [0.009, -0.011, 0.01, -0.01])


def test_always_hold_earns_and_pays_nothing():
    assert (net_returns(np.full(5, HOLD), np.full(5, 0.01), np.zeros(5, dtype=np.int64), 10.0) == 0.0).all()


def test_the_return_after_the_last_bar_is_nothing():
    assert net_returns(np.array([BUY]), np.array([np.nan]), np.array([0]), 0.0)[0] == 0.0


def test_an_interval_covers_the_mean_and_is_the_same_each_time():
    values, end = np.random.default_rng(1).normal(0.1, 1.0, 2_000), np.repeat(np.arange(1_000), 2)
    mean, low, high = block_bootstrap(values, end, 20, seed=5)

    assert low < mean < high
    assert block_bootstrap(values, end, 20, seed=5) == (mean, low, high)
    assert high - low == pytest.approx(2 * 1.96 / np.sqrt(2_000), rel=0.25)


def test_rows_that_move_together_make_the_interval_wider():
    shocks = np.random.default_rng(1).normal(0.0, 1.0, 100)
    lasting = np.repeat(shocks, 20)
    _, low, high = block_bootstrap(lasting, np.arange(2_000), 40, seed=5)
    _, narrow_low, narrow_high = block_bootstrap(lasting, np.arange(2_000), 1, seed=5)

    assert high - low > 3 * (narrow_high - narrow_low)

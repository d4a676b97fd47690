"""Calibration on out-of-fold margins."""

import numpy as np

from models.training.calibrate import DIRECTION_SLOPE_MIN, fit_calibration, fitted_direction_slope
from models.training.labels import BUY, SELL


def drawn(slope, rows=40_000, seed=4):
    """Margins, and labels drawn from probabilities that believe their direction by ``slope``."""
    rng = np.random.default_rng(seed)
    margins = rng.normal(0.0, 1.0, (rows, 3))
    move = 1.0 / (1.0 + np.exp(-(np.logaddexp(margins[:, 0], margins[:, 2]) - margins[:, 1])))
    buy = 1.0 / (1.0 + np.exp(-slope * (margins[:, 2] - margins[:, 0])))
    moved, up = rng.random(rows) < move, rng.random(rows) < buy
    return margins, np.where(moved, np.where(up, BUY, SELL), 1)


def test_margins_that_are_too_sure_are_believed_less():
    margins, action = drawn(0.5)
    found = fit_calibration(margins, action)

    assert abs(found.direction_slope - 0.5) < 0.03
    assert abs(found.move_slope - 1.0) < 0.03
    assert abs(found.move_intercept) < 0.03


def test_calibrated_probabilities_come_true():
    margins, action = drawn(0.5)
    probabilities = fit_calibration(margins, action).probabilities(margins)

    for one in range(3):
        for low in np.arange(0.1, 0.7, 0.1):
            near = (probabilities[:, one] >= low) & (probabilities[:, one] < low + 0.1)
            if near.sum() > 500:
                assert abs(probabilities[near, one].mean() - (action[near] == one).mean()) < 0.04


def test_a_direction_worse_than_chance_is_never_turned_round():
    margins, action = drawn(-0.6)

    assert fitted_direction_slope(margins, action) < -0.5
    assert fit_calibration(margins, action).direction_slope == DIRECTION_SLOPE_MIN


def test_a_move_that_falls_with_its_margin_is_a_plain_frequency():
    margins, action = drawn(0.5)
    margins[:, 1] = -margins[:, 1] * 3
    found = fit_calibration(margins, action)

    assert found.move_slope == 0.0
    assert abs(1.0 - found.probabilities(margins)[0, 1] - (action != 1).mean()) < 1e-9


def test_the_drift_of_the_past_is_not_learnt():
    margins, action = drawn(0.5)
    keep = (action != SELL) | (np.random.default_rng(1).random(len(action)) < 0.5)
    found = fit_calibration(margins[keep], action[keep])

    assert found.score(np.array([[0.3, 0.0, 0.3]]))[0] == 0.0
    assert abs(found.direction_slope - 0.5) < 0.04

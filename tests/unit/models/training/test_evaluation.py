"""Measures, against scikit-learn's own where it has them."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from models.training.evaluation import Bin, brier, calibration_error, classification, confusion, log_losses, reliability
from models.training.labels import BUY, HOLD, SELL

RNG = np.random.default_rng(8)
PROBABILITIES = RNG.dirichlet([2.0, 3.0, 1.5], 500)
ACTION = RNG.integers(0, 3, 500)


def test_log_loss_and_brier_are_scikit_learns():
    assert log_losses(PROBABILITIES, ACTION).mean() == pytest.approx(log_loss(ACTION, PROBABILITIES))
    assert brier(PROBABILITIES, ACTION) == pytest.approx(brier_score_loss(ACTION, PROBABILITIES, scale_by_half=False))


def test_an_impossible_label_costs_much_but_not_everything():
    assert 30.0 < log_losses(np.array([[1.0, 0.0, 0.0]]), np.array([BUY]))[0] < 40.0


def test_bins_hold_equally_many_rows_in_the_order_of_the_forecast():
    bins = reliability(PROBABILITIES[:, 0], (ACTION == SELL).astype(float))

    assert [one.rows for one in bins] == [50] * 10
    assert [one.forecast for one in bins] == sorted(one.forecast for one in bins)


def test_the_calibration_error_weighs_bins_by_rows():
    assert calibration_error([Bin(0.5, 0.4, 10), Bin(0.9, 0.5, 30)]) == pytest.approx((10 * 0.1 + 30 * 0.4) / 40)


def test_perfect_forecasts_have_no_calibration_error():
    forecast = RNG.random(200_000)

    assert calibration_error(reliability(forecast, (RNG.random(200_000) < forecast).astype(float))) < 0.005


def test_always_hold_is_right_in_one_class_of_three():
    found = classification(np.full(500, HOLD), ACTION)

    assert found["balanced_accuracy"] == pytest.approx(1 / 3)
    assert found["macro_f1"] < 0.25


def test_confusion_counts_labels_by_row_and_decisions_by_column():
    assert confusion(np.array([BUY, BUY, HOLD]), np.array([SELL, BUY, HOLD])) == [[0, 0, 1], [0, 1, 0], [0, 0, 1]]

"""Margins to probabilities."""

import json
import math

import numpy as np
import pytest

from models.calibration import Calibration, CalibrationError, sigmoid

MARGINS = np.array([[-1.0, 0.2, 0.5], [2.0, -1.0, 0.0], [800.0, -800.0, -900.0]])


def test_slopes_of_one_leave_a_softmax_as_it_is():
    softmax = np.exp(MARGINS[:2]) / np.exp(MARGINS[:2]).sum(axis=1, keepdims=True)

    np.testing.assert_allclose(Calibration(1.0, 0.0, 1.0).probabilities(MARGINS[:2]), softmax, rtol=1e-12)


def test_the_direction_slope_scales_the_log_odds_of_buy_against_sell():
    calibration = Calibration(0.7, 0.1, 0.3)
    probabilities = calibration.probabilities(MARGINS[:2])

    np.testing.assert_allclose(np.log(probabilities[:, 2] / probabilities[:, 0]), calibration.score(MARGINS[:2]), rtol=1e-12)
    np.testing.assert_allclose(calibration.score(MARGINS[:2]), [0.45, -0.6], rtol=1e-12)


def test_extreme_margins_stay_probabilities():
    with np.errstate(all="raise", under="ignore"):
        probabilities = Calibration(1.0, 0.0, 1.0).probabilities(MARGINS)

    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)


def test_the_sigmoid_is_symmetric():
    x = np.array([-745.0, -1.0, 0.0, 1.0, 745.0])

    np.testing.assert_allclose(sigmoid(x), 1.0 - sigmoid(-x), rtol=0, atol=1e-16)
    assert sigmoid(np.array([math.log(3.0)]))[0] == pytest.approx(0.75)


def test_a_stored_calibration_comes_back():
    calibration = Calibration(0.1, 1 / 3, 0.7)

    assert Calibration.from_record(json.loads(json.dumps(calibration.to_record()))) == calibration


@pytest.mark.parametrize("change", [{"format": 2}, {"more": 1.0}, {"move_slope": math.inf}])
def test_a_calibration_that_is_none_is_refused(change):
    with pytest.raises(CalibrationError, match="expected"):
        Calibration.from_record(Calibration(1.0, 0.0, 1.0).to_record() | change)

"""Fits the two sigmoids of ``models.calibration`` on out-of-fold margins, by scikit-learn's logistic regression."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from models.calibration import Calibration
from models.features.arrays import Floats, Integers
from models.training.estimators import balance
from models.training.labels import BUY, HOLD

DIRECTION_SLOPE_MIN = 0.25


def fit_calibration(margins: Floats, action: Integers) -> Calibration:
    """Return the calibration of rows of margins that the model had not been trained on.

    The direction has no intercept and is fitted with BUY and SELL equally heavy: an intercept would be the drift of the past.
    Where the direction is no better than chance out of fold, its slope is near 0 or negative; it is then set to
    ``DIRECTION_SLOPE_MIN``: a model that is trusted a little in the sense it was trained in, never turned round (that would be
    learning from the test). The report says so. Likewise P(move) never falls with its margin.
    """
    moved = action != HOLD
    moves = np.logaddexp(margins[:, 0], margins[:, 2]) - margins[:, 1]
    move = LogisticRegression().fit(moves[:, None], moved)
    slope = float(move.coef_[0, 0])
    if slope <= 0.0:
        return Calibration(0.0, float(np.log(moved.mean() / (1.0 - moved.mean()))), direction_slope(margins, action))
    return Calibration(slope, float(move.intercept_[0]), direction_slope(margins, action))


def direction_slope(margins: Floats, action: Integers) -> float:
    """Return how far the margins' direction is to be believed, at least ``DIRECTION_SLOPE_MIN``."""
    return max(DIRECTION_SLOPE_MIN, fitted_direction_slope(margins, action))


def fitted_direction_slope(margins: Floats, action: Integers) -> float:
    """Return the slope as the data have it: 1 is a margin to be taken at its word, 0 chance, below 0 worse than chance."""
    moved = action != HOLD
    direction = (margins[moved, 2] - margins[moved, 0])[:, None]
    learner = LogisticRegression(fit_intercept=False).fit(direction, action[moved] == BUY, sample_weight=balance(action)[moved])
    return float(learner.coef_[0, 0])

"""Margins to probabilities: two sigmoids, one for whether the price moves, one for where to.

A class margin is a log-odds up to a constant. With s, h and b the margins of SELL, HOLD and BUY:

    logit P(move)       = move_slope * (ln(e^s + e^b) - h) + move_intercept
    logit P(buy | move) = direction_slope * (b - s)

Each is Platt's scaling (*Probabilistic outputs for support vector machines*, 1999) of one question of two answers (nested
dichotomies). The second is linear in the margins, so the additive contributions to them stay additive after calibration, and
ln(p_buy / p_sell) is the score that recommendations carry. It has no intercept: see ``models.training.calibrate``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np

from models.features.arrays import Floats

FORMAT = 1


class CalibrationError(ValueError):
    """A stored calibration is not what this version reads."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The slopes and the intercept of the two sigmoids."""

    move_slope: float
    move_intercept: float
    direction_slope: float

    def score(self, margins: Floats) -> Floats:
        """Return ln(p_buy / p_sell) of rows of margins (SELL, HOLD, BUY)."""
        result: Floats = self.direction_slope * (margins[:, 2] - margins[:, 0])
        return result

    def probabilities(self, margins: Floats) -> Floats:
        """Return the probabilities [k, 3] of rows of margins (SELL, HOLD, BUY)."""
        moves = np.logaddexp(margins[:, 0], margins[:, 2]) - margins[:, 1]
        move = sigmoid(self.move_slope * moves + self.move_intercept)
        buy = sigmoid(self.score(margins))
        return np.stack([move * (1.0 - buy), 1.0 - move, move * buy], axis=1)

    def to_record(self) -> dict[str, float]:
        """Return what is stored as JSON."""
        return {
            "format": FORMAT,
            "move_slope": self.move_slope,
            "move_intercept": self.move_intercept,
            "direction_slope": self.direction_slope,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, float]) -> "Calibration":
        """Return a stored calibration; CalibrationError where it is none."""
        names = ("move_slope", "move_intercept", "direction_slope")
        if record.get("format") != FORMAT or set(record) != {"format", *names}:
            raise CalibrationError(f"expected a calibration of format {FORMAT} with {names}, found {dict(record)}")
        values = [float(record[name]) for name in names]
        if not all(map(isfinite, values)):
            raise CalibrationError(f"expected finite numbers, found {dict(record)}")
        return cls(*values)


def sigmoid(logit: Floats) -> Floats:
    """Return 1 / (1 + e^-x) without overflow."""
    small = np.exp(-np.abs(logit))
    return np.where(logit >= 0.0, 1.0, small) / (1.0 + small)

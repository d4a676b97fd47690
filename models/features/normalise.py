"""Every feature in deviations from its own recent past, so that one model fits any symbol at any price.

Exponentially weighted mean m and variance v, half-life 100 bars, weights as after the first c observations of an endless
series ("adjusted"): W = 1 + q W, a = 1 / W, d = x - m, m += a d, v = (1 - a) (v + a d²), with q = 2^(-1/100). West, *Updating mean
and variance estimates* (1979). The newest observation is part of the mean and variance it is compared with, so a first jump
cannot divide by nothing; z = (x - m) / sqrt(v), clipped to ±8, 0 where nothing varies, NaN before 20 observations.
"""

import numpy as np

from models.features.arrays import Floats

HALF_LIFE_BARS = 100
OBSERVATIONS_MIN = 20
CLIP = 8.0

_KEEP = 0.5 ** (1 / HALF_LIFE_BARS)
_WEIGHT_WARM = (1 - _KEEP**OBSERVATIONS_MIN) / (1 - _KEEP) * (1 - 1e-9)
_NEGLIGIBLE = 1e-12
"""A deviation of less than this share of the mean is rounding."""


def normalise(value: Floats, mean: Floats, variance: Floats, weight: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return z-scores and the new mean, variance and weight; a value that is NaN has no score and changes nothing."""
    known = value == value  # noqa: PLR0124  # NaN is what differs from itself; isnan allocates twice
    heavier = 1.0 + _KEEP * weight
    share = 1.0 / heavier
    apart = value - mean
    step = share * apart
    spread = (1.0 - share) * (variance + step * apart)
    rounding = _NEGLIGIBLE * mean
    varies = spread > rounding * rounding
    score = (apart - step) / np.sqrt(np.where(varies, spread, 1.0))
    score = np.where(varies, np.minimum(np.maximum(score, -CLIP), CLIP), 0.0)
    score = np.where(known & (heavier >= _WEIGHT_WARM), score, np.nan)
    return score, np.where(known, mean + step, mean), np.where(known, spread, variance), np.where(known, heavier, weight)

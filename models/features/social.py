"""What posts say of a symbol: a mean that fades with a half-life of 6 hours, how many there are, how far they reach."""

from math import log10

import numpy as np

from models.features.arrays import Floats
from models.features.decay import COUNT, FORGOTTEN, REACH, WEIGHT, WEIGHTED_SCORE

SOCIAL_HALF_LIFE_HOURS = 6.0


def post_weight(reach: float) -> float:
    """Return how much a post counts in the mean: 1 for one that nobody follows, 1 more for every tenfold reach."""
    return 1.0 + log10(1.0 + reach)


def social_features(sums: Floats, fade: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the mean sentiment (-1 to 1), the decayed number of posts and log(1 + decayed reach) of rows of sums."""
    count = sums[:, COUNT] * fade
    known = count >= FORGOTTEN
    score = np.where(known, sums[:, WEIGHTED_SCORE] / np.where(known, sums[:, WEIGHT], 1.0), np.nan)
    return score, count, np.log1p(sums[:, REACH] * fade)

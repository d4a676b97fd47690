"""What the news says of a symbol: a mean that fades with a half-life of 24 hours, how much of it there is, how old it is."""

import numpy as np

from models.features.arrays import Floats
from models.features.decay import COUNT, FORGOTTEN, LAST_AT, MICROS_PER_HOUR, WEIGHT, WEIGHTED_SCORE

NEWS_HALF_LIFE_HOURS = 24.0


def news_features(sums: Floats, fade: Floats, now: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the mean sentiment (-1 to 1), the decayed number of items and the hours since the newest of rows of sums.

    ``fade`` is 2^(-age / half-life) of each row at ``now`` (microseconds). No item ever: NaN, 0 and NaN. Items so old that
    nothing of them is left: NaN, about 0 and their age.
    """
    count = sums[:, COUNT] * fade
    known = count >= FORGOTTEN
    score = np.where(known, sums[:, WEIGHTED_SCORE] / np.where(known, sums[:, WEIGHT], 1.0), np.nan)
    return score, count, np.maximum(now - sums[:, LAST_AT], 0.0) / MICROS_PER_HOUR

"""What would have been right: the forward return over a horizon, against a band that is as wide as the market is nervous."""

from dataclasses import dataclass

import numpy as np

from models.features.arrays import Floats, Integers
from models.features.layout import COLUMN
from models.training.dataset import Dataset

SELL, HOLD, BUY = 0, 1, 2
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Labels:
    """One entry for each row of a dataset."""

    action: Integers
    """SELL, HOLD or BUY; UNKNOWN where the horizon or the volatility is."""
    forward: Floats
    """Log return over the horizon, adjusted for splits inside it; NaN where the history ends before."""
    following: Floats
    """Log return over the next bar, adjusted for a split on it; NaN for the last bar of a symbol."""
    known_at: Integers
    """End of the bar that decides the label: training for an earlier time must not use it."""


def make_labels(data: Dataset, horizon_bars: int, band: float) -> Labels:
    """Return BUY above, SELL below and HOLD inside ± band * volatility_20 * sqrt(horizon), in log returns.

    The volatility is that of the 20 bars up to the decision, so the band is known when the decision is made. With normal
    returns band = 0.5 makes HOLD about 38 % of all labels.
    """
    forward = np.full(len(data), np.nan)
    following = np.full(len(data), np.nan)
    known_at = data.end.copy()
    for symbol in range(len(data.symbols)):
        rows = np.flatnonzero(data.symbol == symbol)
        price = np.log(data.close[rows]) + np.cumsum(np.log(data.split[rows]))
        forward[rows[:-horizon_bars]] = price[horizon_bars:] - price[:-horizon_bars]
        following[rows[:-1]] = price[1:] - price[:-1]
        known_at[rows[:-horizon_bars]] = data.end[rows[horizon_bars:]]
    width = band * data.raw[:, COLUMN["volatility_20"]] * np.sqrt(horizon_bars)
    action = np.where(forward > width, BUY, np.where(forward < -width, SELL, HOLD))
    action = np.where(np.isfinite(forward) & np.isfinite(width), action, UNKNOWN)
    return Labels(action, forward, following, known_at)

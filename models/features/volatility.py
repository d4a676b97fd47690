"""How far prices move: log returns, their deviation, the true range."""

import numpy as np

from models.features.arrays import Floats, row_mean

HORIZONS = (1, 5, 20, 60)
SPANS = (5, 20, 60)
ATR_WARM = 15


def log_return(log_closes: Floats, horizon: int) -> Floats:
    """Return the log return over so many bars of the rows of log closes, oldest first."""
    result: Floats = log_closes[:, -1] - log_closes[:, -1 - horizon]
    return result


def volatility(log_returns: Floats) -> Floats:
    """Return the population deviation of the rows of log returns, per bar (not annualised). No seeding: a window."""
    apart = log_returns - row_mean(log_returns)[:, None]
    return np.sqrt(row_mean(apart * apart))


def true_range(high: Floats, low: Floats, close_before: Floats) -> Floats:
    """Return the range of each bar, the gap from the close before included; the first bar has no close before (NaN).

    Wilder (1978). The average true range (ATR 14) smooths it as the RSI is smoothed; its seed is the plain mean of the true
    ranges of the bars 2 to 15, as in TA-Lib.
    """
    result: Floats = np.fmax(high, close_before) - np.fmin(low, close_before)
    return result

"""Exponential averages that are seeded by a plain mean, all of them with one recurrence.

``average += weight * (value - average)``. While the weight is 1, 1/2, 1/3, … the average is the plain mean of what came so
far; from then on the weight stays as it is. That is TA-Lib's seeding ("SMA of the first period values") without a special
case: only the weight depends on how many bars came. The two forms differ in rounding only (tested to 1e-9).
"""

import numpy as np

from models.features.arrays import Floats

WILDER_PERIOD = 14
FAST_PERIOD = 12
SLOW_PERIOD = 26
SIGNAL_PERIOD = 9

SETTLED_AFTER = 64
"""From this bar on no weight changes any more."""


def weights_by_bar() -> Floats:
    """Return the weights [bar count, (gain, loss, true range, fast, slow, signal)] of each bar, counted from 1; row 0 is unused.

    Gain, loss (RSI) and true range (ATR) start with the second bar, the first that has a bar before it. The fast average of
    the MACD is seeded so that its seed ends where the slow one's ends, as TA-Lib does: by the closes 15 to 26. The signal
    starts with the first MACD, at bar 26.
    """
    wilder = _seeded(start=2, period=WILDER_PERIOD, settled=1 / WILDER_PERIOD)
    fast = _seeded(start=1 + SLOW_PERIOD - FAST_PERIOD, period=FAST_PERIOD, settled=2 / (FAST_PERIOD + 1))
    slow = _seeded(start=1, period=SLOW_PERIOD, settled=2 / (SLOW_PERIOD + 1))
    signal = _seeded(start=SLOW_PERIOD, period=SIGNAL_PERIOD, settled=2 / (SIGNAL_PERIOD + 1))
    return np.stack([wilder, wilder, wilder, fast, slow, signal], axis=1)


def _seeded(start: int, period: int, settled: float) -> Floats:
    # before the start the weight is 1: the average is the newest value, and the first of the seed replaces it
    nth = np.maximum(np.arange(SETTLED_AFTER + 1) - start + 1, 1)
    return np.where(nth <= period, 1 / nth, settled)


def smooth(average: Floats, value: Floats, weight: Floats) -> Floats:
    """Return the averages after one more value."""
    result: Floats = average + weight * (value - average)
    return result

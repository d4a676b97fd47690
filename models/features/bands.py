"""Where the close stands among the last 20 bars."""

import numpy as np

from models.features.arrays import Floats, row_mean

BANDS_PERIOD = 20
SIGMAS = 2.0


def bollinger(closes: Floats) -> tuple[Floats, Floats]:
    """Return %B and the width of the Bollinger bands over the rows of 20 closes, oldest first.

    Bollinger, *Bollinger on Bollinger Bands* (2001): middle = plain mean, bands = middle ± 2 population deviations, as TA-Lib's
    BBANDS with ``matype=0``. %B = (close - lower) / (upper - lower); width = (upper - lower) / middle. No seeding: a window.
    Twenty equal closes leave no band: the width is 0 and %B is 0.5, the middle.
    """
    middle = row_mean(closes)
    apart = closes - middle[:, None]
    half = SIGMAS * np.sqrt(row_mean(apart * apart))
    open_band = half > middle * 1e-14  # below that the deviation is the rounding of the mean
    percent = np.where(open_band, 0.5 + 0.5 * apart[:, -1] / np.where(open_band, half, 1.0), 0.5)
    return percent, np.where(open_band, 2.0 * half / middle, 0.0)


def range_position(highs: Floats, lows: Floats, close: Floats) -> Floats:
    """Return where the close stands between the lowest low (0) and the highest high (1) of the rows of 20 bars.

    Lane's stochastic %K as a share, without smoothing. A range of nothing is 0.5.
    """
    top = np.maximum.reduce(highs, axis=1)
    bottom = np.minimum.reduce(lows, axis=1)
    height = top - bottom
    ranged = height > 0.0
    return np.where(ranged, (close - bottom) / np.where(ranged, height, 1.0), 0.5)

"""Momentum: relative strength index and moving average convergence/divergence."""

import numpy as np

from models.features.arrays import Floats

RSI_WARM = 15
MACD_WARM = 34
"""As TA-Lib: the MACD is shown from the bar on that has a signal, 26 + 9 - 1."""


def gains_and_losses(change: Floats) -> tuple[Floats, Floats]:
    """Return how far each close rose and how far it fell, one of them 0; both are 0 for the first bar, whose change is NaN."""
    return np.fmax(change, 0.0), np.fmax(-change, 0.0)


def rsi(gain: Floats, loss: Floats) -> Floats:
    """Return the relative strength index, 0 to 100, of the averaged gain and loss.

    Wilder, *New Concepts in Technical Trading Systems* (1978): 100 - 100 / (1 + gain / loss) = 100 gain / (gain + loss).
    Seeding: both averages start as the plain mean of the first 14 changes (bars 2 to 15), as Wilder and TA-Lib do.
    A series that never moved has no strength in either direction and is 50; TA-Lib says 0, which would read as oversold.
    """
    total = gain + loss
    moved = total > 0.0
    return np.where(moved, 100.0 * gain / np.where(moved, total, 1.0), 50.0)

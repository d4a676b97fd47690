"""What the volume says: on-balance volume, unusual volume, distance from the volume-weighted price."""

import numpy as np

from models.features.arrays import Floats, row_mean

OBV_SPAN = 10
VOLUME_PERIOD = 20


def signed_volume(change: Floats, volume: Floats) -> Floats:
    """Return the volume with the sign of the price change: what one bar adds to the on-balance volume.

    Granville, *New Key to Stock Market Profits* (1963); an unchanged close adds nothing, as in TA-Lib.
    """
    return np.sign(change) * volume


def obv_slope(signed: Floats, mean_volume: Floats) -> Floats:
    """Return the change of the on-balance volume over the rows of 10 bars, per bar, in mean volumes.

    The level of the on-balance volume depends on where it began and is no feature; its change over a window does not, so it
    needs no seeding. Without any volume in 20 bars the slope is 0.
    """
    traded = mean_volume > 0.0
    return np.where(traded, np.add.reduce(signed, axis=1) / (OBV_SPAN * np.where(traded, mean_volume, 1.0)), 0.0)


def volume_zscore(volumes: Floats, mean_volume: Floats) -> Floats:
    """Return the newest volume in population deviations from the mean of the rows of 20; 0 where all are equal."""
    apart = volumes - mean_volume[:, None]
    deviation = np.sqrt(row_mean(apart * apart))
    varies = deviation > mean_volume * 1e-14  # below that the deviation is the rounding of the mean
    return np.where(varies, apart[:, -1] / np.where(varies, deviation, 1.0), 0.0)


def vwap_distance(turnovers: Floats, mean_volume: Floats, close: Floats) -> Floats:
    """Return close over the volume-weighted price of the rows of 20 bars, less 1; 0 where nothing was traded in them.

    Every bar counts with its own volume-weighted price (a vendor's bar without one with its close).
    """
    turnover = row_mean(turnovers)
    traded = turnover > 0.0
    return np.where(traded, close * mean_volume / np.where(traded, turnover, 1.0) - 1.0, 0.0)

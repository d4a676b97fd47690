"""Where the state of one series lies: three fixed rows of doubles (windows, smoothed values, normaliser).

A window holds the last values in the order of time, the newest last. The row of windows is one piece of memory, so that taking
it from one double further on is the shift of every window at once.
"""

from dataclasses import dataclass

import numpy as np

from models.features.arrays import Integers
from schemas.features import FEATURE_NAMES, FEATURES


@dataclass(frozen=True)
class Window:
    """The columns [first, end) of the row of windows."""

    first: int
    end: int

    @property
    def newest(self) -> int:
        """Return the column of the newest value."""
        return self.end - 1

    @property
    def all(self) -> slice:
        """Return every column."""
        return slice(self.first, self.end)

    def last(self, count: int) -> slice:
        """Return the columns of the newest values."""
        return slice(self.end - count, self.end)


LOG_CLOSE = Window(0, 61)  # 60 log returns need 61 prices
CLOSE = Window(61, 81)
HIGH = Window(81, 101)
LOW = Window(101, 121)
VOLUME = Window(121, 141)
TURNOVER = Window(141, 161)
"""Volume-weighted price times volume: a split leaves it as it is."""
SIGNED_VOLUME = Window(161, 171)
WINDOW_COLUMNS = 171
WINDOWS = (LOG_CLOSE, CLOSE, HIGH, LOW, VOLUME, TURNOVER, SIGNED_VOLUME)
NEWEST: Integers = np.array([window.newest for window in WINDOWS], dtype=np.int64)

COUNT = 0
GAIN, LOSS, TRUE_RANGE, FAST, SLOW, SIGNAL = range(1, 7)
SMOOTHED_COLUMNS = 7

FEATURE_COUNT = len(FEATURES)
NORMALISER_COLUMNS = 3 * FEATURE_COUNT

COLUMN = {name: column for column, name in enumerate(FEATURE_NAMES)}
FAMILY_COLUMNS: dict[str, Integers] = {
    family: np.array([column for column, field in enumerate(FEATURES) if field.family == family], dtype=np.int64)
    for family in ("technical", "sentiment", "social")
}

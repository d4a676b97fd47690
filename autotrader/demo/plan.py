"""What the demo holds back of a recording, and by how much it shifts what it repeats. Times are microseconds since 1970."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.values import interval_us

DAILY, MINUTE = "1d", "1m"
"""The intervals at which decisions are made."""

HISTORY, HELD_BACK = 0, 1
"""Numbers of the first two parts; part 1 + n is the n-th repetition of what was held back."""

LOOP_SOURCE = "demo-loop"
HELD_BACK_DAYS = 60
HELD_BACK_TICKS_US = 2 * interval_us("1h")
_HELD_BACK_SHARE = 4
"""Of a short slice at most a fourth is held back."""

DAY_US = interval_us("1d")
WEEK_US = 7 * DAY_US
PAUSE_US = interval_us("1h")
"""Ticks that are farther apart lie in different sessions."""


@dataclass(frozen=True, slots=True)
class Slice:
    """How much of the recordings is told: the last so many trading days and ticks; None: all."""

    days: int | None = None
    ticks: int | None = None

    def __post_init__(self) -> None:
        for name, value, least in (("days", self.days, 2), ("ticks", self.ticks, 2)):
            if value is not None and value < least:
                raise ValueError(f"expected at least {least} {name}, found {value}")


def loop_of(part: int) -> int:
    """Return which repetition a part is, from 1 on; 0 where it is none."""
    return max(0, part - HELD_BACK)


def part_name(part: int) -> str:
    """Return what a part is called."""
    return ("history", "held-back part")[part] if part <= HELD_BACK else f"repetition {loop_of(part)}"


def days_boundary(times: Sequence[int], held_back_days: int = HELD_BACK_DAYS) -> int:
    """Return the last time that is not held back; at least one stays on each side. ValueError for fewer than two times."""
    days = sorted(set(times))
    if len(days) < 2:  # noqa: PLR2004
        raise ValueError(f"expected at least two trading days, found {len(days)}")
    held_back = max(1, min(held_back_days, len(days) // _HELD_BACK_SHARE))
    return days[-held_back - 1]


def ticks_boundary(times: NDArray[np.int64], held_back_us: int = HELD_BACK_TICKS_US) -> int:
    """Return the place of the first tick that is held back; times in order. ValueError for fewer than two ticks."""
    if len(times) < 2:  # noqa: PLR2004
        raise ValueError(f"expected at least two ticks, found {len(times)}")
    first, last = int(times[0]), int(times[-1])
    held_back = min(held_back_us, (last - first) // _HELD_BACK_SHARE)
    return max(1, int(np.searchsorted(times, last - held_back, "left")))


def first_session(times: NDArray[np.int64]) -> int:
    """Return how many ticks come before the first pause; all of them where there is none."""
    pauses = np.flatnonzero(np.diff(times) > PAUSE_US)
    return int(pauses[0]) + 1 if len(pauses) else len(times)


def day_end(time: int) -> int:
    """Return the end of the UTC day that a time lies in."""
    return (time // DAY_US + 1) * DAY_US


def period(begins_after: int, ends_at: int, unit_us: int) -> int:
    """Return the least multiple of a unit by which what begins after one time can be shifted to begin after its own end."""
    return max(1, -(-(ends_at - begins_after) // unit_us)) * unit_us

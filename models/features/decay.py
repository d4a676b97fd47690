"""Sums over news or posts in which each item fades with its age.

An item of age t counts 2^(-t / half-life). One row holds the sums as they were at the time of the newest item, so that an item
costs one addition and reading them at any later time one factor.
"""

from models.features.arrays import Floats

MICROS_PER_HOUR = 3_600_000_000.0

LAST_AT, COUNT, WEIGHT, WEIGHTED_SCORE, REACH = range(5)
DECAY_COLUMNS = 5

FORGOTTEN = 2.0**-10
"""Below this decayed count (one item after ten half-lives) there is no mean any more: the score is NaN."""


def add_item(row: Floats, at: int, score: float, weight: float, reach: float, half_life_us: float) -> None:
    """Add one item to a row of sums, in place; an item older than the newest one arrives faded by its age."""
    last = row[LAST_AT]
    older = max(0.0, float(last) - at) if last == last else 0.0  # noqa: PLR0124  # NaN: nothing came before
    if last == last and at > last:  # noqa: PLR0124
        row[COUNT:] *= 0.5 ** ((at - float(last)) / half_life_us)
    if not older:
        row[LAST_AT] = at
    share = 0.5 ** (older / half_life_us)
    row[COUNT] += share
    row[WEIGHT] += share * weight
    row[WEIGHTED_SCORE] += share * weight * score
    row[REACH] += share * reach

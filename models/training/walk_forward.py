"""Folds that never look ahead: train on the past, test on what follows, nothing of the test in the training."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.features.arrays import Integers


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows to train on and rows to test on; ``starts_at`` is the first decision time of the test."""

    train: Integers
    test: Integers
    starts_at: int


def folds(end: Integers, known_at: Integers, *, count: int, first_share: float, embargo_bars: int) -> Iterator[Fold]:
    """Yield expanding folds over rows with decision times ``end`` and labels that are known at ``known_at``.

    The first ``first_share`` of all times is only ever trained on, the rest is cut into ``count`` tests of equal length.
    Purge: a row whose label is known only after the test has begun is not trained on (its label is a price of the test).
    Embargo: nor one whose label became known in the ``embargo_bars`` bar times before, because features overlap.
    López de Prado, *Advances in Financial Machine Learning* (2018), chapter 7.
    """
    times = np.unique(end)
    edges = np.linspace(first_share * len(times), len(times), count + 1).round().astype(np.int64)
    for first, last in pairwise(edges):
        starts_at = times[first]
        latest = times[max(0, first - embargo_bars)]
        test = np.flatnonzero((end >= starts_at) & ((end < times[last]) if last < len(times) else True))
        yield Fold(np.flatnonzero((known_at <= latest) & (end < latest)), test, int(starts_at))

"""Families without a model of their own: documented priors of modest weight, which say of themselves that they are not learnt.

A prior's score is ``reach * threshold * mean sentiment * (1 - 2^-count)``, in log-odds of BUY against SELL, where count is the
decayed number of items: one fresh item speaks with half its voice, two with three quarters. The reach is a share of the
threshold that a BUY or SELL has to pass: 0.6 for news, 0.3 for posts. So a prior can tip the balance or hold an action back; at
the weights that the platform uses, not even both together can make a recommendation that the technical model says nothing
of. The sign is the one thing that the literature agrees on (Tetlock, *Giving content to investor sentiment*, 2007); the
size is a choice, made to be small.

Where enough labelled history with news exists, a learnt model takes the place of a prior: anything that is a ``FamilyModel``.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.features.arrays import Floats
from models.features.layout import COLUMN
from schemas.features import Family


class FamilyModel(Protocol):
    """Judges one family of features."""

    @property
    def family(self) -> Family:
        """Return the family it judges."""

    @property
    def column(self) -> int:
        """Return the column of the feature that its score is attributed to."""

    @property
    def learnt(self) -> bool:
        """Return whether it was learnt from data."""

    def scores(self, raw: Floats, threshold: float) -> tuple[Floats, Floats]:
        """Return the log-odds of BUY against SELL of rows of raw features, and whether (1 or 0) there was anything to judge."""


@dataclass(frozen=True, slots=True)
class Prior:
    """A documented prior; see the module."""

    family: Family
    score_name: str
    count_name: str
    reach: float
    learnt: bool = False

    @property
    def column(self) -> int:
        """Return the column of the mean sentiment: the count only says how loudly it speaks."""
        return COLUMN[self.score_name]

    def scores(self, raw: Floats, threshold: float) -> tuple[Floats, Floats]:
        """Return the prior's score of rows of raw features, 0 where there is nothing to judge, and whether there was (1 or 0)."""
        sentiment, count = raw[:, self.column], raw[:, COLUMN[self.count_name]]
        present = np.isfinite(sentiment) & np.isfinite(count)
        voice = 1.0 - np.exp2(-np.where(present, count, 0.0))
        return self.reach * threshold * np.where(present, sentiment, 0.0) * voice, present.astype(np.float64)


NEWS_PRIOR = Prior("sentiment", "sentiment_score", "sentiment_count", reach=0.6)
SOCIAL_PRIOR = Prior("social", "social_score", "social_count", reach=0.3)
PRIORS: tuple[FamilyModel, ...] = (NEWS_PRIOR, SOCIAL_PRIOR)

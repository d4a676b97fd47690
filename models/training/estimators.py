"""The learners behind one face: rows and labels in, margins of SELL, HOLD and BUY out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import lightgbm
import numpy as np
from sklearn.linear_model import LogisticRegression

from models.canonical import canonical_json
from models.features.arrays import Floats, Integers
from models.predictors.linear import LinearModel
from models.training.config import TrainingConfig
from models.training.labels import BUY, SELL

_ROWS_A_LEAF_MIN = 20
_LEAF_SHARE_MIN = 30
"""A leaf holds at least one in so many rows."""


class Fitted(Protocol):
    """A learner after training."""

    def margins(self, x: Floats, rounds: int) -> Floats:
        """Return the margins [k, 3] after so many boosting rounds (a learner without rounds ignores them)."""

    def text(self, rounds: int) -> str:
        """Return what is stored of it."""


def balance(action: Integers) -> Floats:
    """Return weights that make BUY as heavy as SELL in sum, HOLD 1 each.

    The drift of the past is thereby not learnt as evidence: that the symbols somebody chose for a recording rose in it is mostly
    the reason why they were chosen.
    """
    counts = np.bincount(action, minlength=3)
    half = (counts[SELL] + counts[BUY]) / 2
    weights = np.array([half / max(1, counts[SELL]), 1.0, half / max(1, counts[BUY])])
    result: Floats = weights[action]
    return result


def fit(x: Floats, action: Integers, config: TrainingConfig) -> Fitted:
    """Train on rows without NaN and return the learner."""
    return _fit_trees(x, action, config) if config.kind == "lightgbm" else _fit_linear(x, action)


@dataclass(frozen=True, slots=True)
class _Trees:
    booster: Any

    def margins(self, x: Floats, rounds: int) -> Floats:
        result: Floats = self.booster.predict(x, raw_score=True, num_iteration=rounds, num_threads=1)
        return result

    def text(self, rounds: int) -> str:
        return str(self.booster.model_to_string(num_iteration=rounds))


def parameters(config: TrainingConfig, rows: int) -> Mapping[str, Any]:
    """Return LightGBM's parameters: shallow, slow, much regularised, and the same result each time on one machine."""
    return {
        "objective": "multiclass",
        "num_class": 3,
        "num_leaves": config.leaves,
        "max_depth": config.depth,
        "learning_rate": config.learning_rate,
        "min_data_in_leaf": max(_ROWS_A_LEAF_MIN, rows // _LEAF_SHARE_MIN),
        "lambda_l2": 10.0,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.5,
        "bagging_freq": 1,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": config.threads,
        "seed": config.seed,
        "verbose": -1,
    }


def _fit_trees(x: Floats, action: Integers, config: TrainingConfig) -> Fitted:
    rows = lightgbm.Dataset(x, action, weight=balance(action), free_raw_data=False)
    return _Trees(lightgbm.train(dict(parameters(config, len(x))), rows, num_boost_round=config.rounds[-1]))


@dataclass(frozen=True, slots=True)
class _Linear:
    model: LinearModel

    def margins(self, x: Floats, rounds: int) -> Floats:
        del rounds
        return self.model.margins(x)

    def text(self, rounds: int) -> str:
        del rounds
        return canonical_json(self.model.to_record())


def _fit_linear(x: Floats, action: Integers) -> Fitted:
    learner = LogisticRegression(C=0.01, max_iter=1_000).fit(x, action, sample_weight=balance(action))
    return _Linear(LinearModel(learner.coef_, learner.intercept_, x.mean(axis=0)))

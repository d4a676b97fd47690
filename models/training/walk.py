"""The walk forward: train on each fold's past, and judge each test by what earlier tests alone had taught."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models.calibration import Calibration
from models.features.arrays import Floats, Integers
from models.features.layout import COLUMN
from models.training.calibrate import fit_calibration
from models.training.config import TrainingConfig
from models.training.dataset import Dataset
from models.training.estimators import fit
from models.training.evaluation import Forecasts, log_losses
from models.training.labels import BUY, HOLD, SELL, Labels
from models.training.walk_forward import folds

Progress = Callable[[str, float], None]
"""Told what is being done and which share of the whole is."""


class TrainingError(ValueError):
    """The history does not carry a model."""


@dataclass(frozen=True, slots=True)
class Tested:
    """One fold's test rows and their margins after each number of rounds, by a model that never saw them."""

    rows: Integers
    margins: dict[int, Floats]
    base_rates: Floats


@dataclass(frozen=True, slots=True)
class Settled:
    """What out-of-fold margins decide: the rounds, the calibration and the threshold."""

    rounds: int
    calibration: Calibration
    threshold: float


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that training may use."""

    x: Floats
    labels: Labels
    usable: Integers


def run_folds(data: Dataset, rows: Rows, config: TrainingConfig, progress: Progress) -> list[Tested]:
    """Train once for each fold and return its test; TrainingError where a fold's past holds fewer than all three labels."""
    tested = []
    usable = np.zeros(len(data), dtype=bool)
    usable[rows.usable] = True
    walk = folds(
        data.end, rows.labels.known_at, count=config.folds, first_share=config.first_share, embargo_bars=config.embargo_bars
    )
    for number, fold in enumerate(walk):
        progress(f"{config.interval}: fold {number + 1} of {config.folds}", 0.1 + 0.7 * number / config.folds)
        past, test = fold.train[usable[fold.train]], fold.test[usable[fold.test]]
        seen = np.bincount(rows.labels.action[past], minlength=3)
        if not seen.all() or not len(test):
            raise TrainingError(
                f"expected SELL, HOLD and BUY before and rows in fold {number + 1}, found {seen.tolist()} and {len(test)}: "
                "the history is too short"
            )
        learner = fit(rows.x[past], rows.labels.action[past], config)
        margins = {rounds: learner.margins(rows.x[test], rounds) for rounds in config.rounds}
        tested.append(Tested(test, margins, seen / seen.sum()))
    return tested


def settle(tested: Sequence[Tested], action: Integers, config: TrainingConfig) -> Settled:
    """Return the rounds with the least log-loss after calibration, that calibration, and the threshold of the acting share."""
    labels = action[np.concatenate([fold.rows for fold in tested])]
    candidates = []
    for rounds in config.rounds:
        margins = np.concatenate([fold.margins[rounds] for fold in tested])
        calibration = fit_calibration(margins, labels)
        loss = float(log_losses(calibration.probabilities(margins), labels).mean())
        threshold = float(np.quantile(np.abs(calibration.score(margins)), 1.0 - config.act_share))
        candidates.append((loss, rounds, Settled(rounds, calibration, threshold)))
    return min(candidates, key=lambda candidate: candidate[:2])[2]


def forecasts(data: Dataset, labels: Labels, tested: Sequence[Tested], config: TrainingConfig) -> Forecasts:
    """Return the forecasts of every test but the first, each settled on the tests before it alone."""
    parts = [
        _forecast(data, labels, fold, settle(tested[:number], labels.action, config))
        for number, fold in enumerate(tested)
        if number
    ]
    names = Forecasts.__slots__
    return Forecasts(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def decide(score: Floats, threshold: float) -> Integers:
    """Return BUY above the threshold, SELL below its negative, HOLD between."""
    return np.where(score > threshold, BUY, np.where(score < -threshold, SELL, HOLD))


def _forecast(data: Dataset, labels: Labels, fold: Tested, settled: Settled) -> Forecasts:
    margins = fold.margins[settled.rounds]
    score = settled.calibration.score(margins)
    return Forecasts(
        probabilities=settled.calibration.probabilities(margins),
        score=score,
        decided=decide(score, settled.threshold),
        action=labels.action[fold.rows],
        base_rates=np.tile(fold.base_rates, (len(fold.rows), 1)),
        momentum=data.raw[fold.rows, COLUMN["return_20"]],
        following=labels.following[fold.rows],
        symbol=data.symbol[fold.rows],
        end=data.end[fold.rows],
    )

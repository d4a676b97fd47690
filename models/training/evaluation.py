"""How good forecasts were, on rows that nothing had been fitted on."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score

from models.features.arrays import Floats, Integers
from models.training.labels import BUY, HOLD, SELL

CLASSES = ("SELL", "HOLD", "BUY")
BINS = 10
_SMALLEST = 1e-15


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Rows in the order of decision times: what was forecast, what came, and what else could have been said."""

    probabilities: Floats
    score: Floats
    decided: Integers
    """SELL, HOLD or BUY by the threshold."""
    action: Integers
    """The label."""
    base_rates: Floats
    """[k, 3]: how often each label had come in what the fold was trained on."""
    momentum: Floats
    """Log return of the 20 bars before."""
    following: Floats
    """Log return of the next bar."""
    symbol: Integers
    end: Integers

    def __len__(self) -> int:
        return len(self.action)


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows of similar forecast probability."""

    forecast: float
    observed: float
    rows: int


def log_losses(probabilities: Floats, action: Integers) -> Floats:
    """Return -ln of the probability that each row's label had been given."""
    given = np.take_along_axis(probabilities, action[:, None], axis=1)[:, 0]
    return -np.log(np.maximum(given, _SMALLEST))


def brier(probabilities: Floats, action: Integers) -> float:
    """Return the mean squared distance to what came, summed over the classes: 0 is perfect, 2 the worst."""
    return float(np.mean(np.sum((probabilities - np.eye(3)[action]) ** 2, axis=1)))


def reliability(forecast: Floats, came: Floats) -> list[Bin]:
    """Return forecast and observed frequency of ten bins with equally many rows."""
    order = np.argsort(forecast, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    return [Bin(float(forecast[part].mean()), float(came[part].mean()), len(part)) for part in parts]


def calibration_error(bins: list[Bin]) -> float:
    """Return the expected calibration error: the mean distance of forecast and observed frequency, weighed by rows."""
    rows = sum(one.rows for one in bins)
    return sum(one.rows * abs(one.forecast - one.observed) for one in bins) / rows


def hit_rate_by_confidence(forecasts: Forecasts) -> list[Bin]:
    """Return, for BUY and SELL decisions from the least to the most confident, how often they were right."""
    acted = forecasts.decided != HOLD
    if not acted.any():
        return []
    decided = forecasts.decided[acted]
    confidence = forecasts.probabilities[acted, decided]
    order = np.argsort(confidence, kind="stable")
    right = (forecasts.action[acted] == decided).astype(np.float64)
    parts = [part for part in np.array_split(order, 5) if len(part)]
    return [Bin(float(confidence[part].mean()), float(right[part].mean()), len(part)) for part in parts]


def classification(decided: Integers, action: Integers) -> dict[str, float]:
    """Return balanced accuracy and macro-F1 of decisions, as scikit-learn defines them."""
    return {
        "balanced_accuracy": float(balanced_accuracy_score(action, decided)),
        "macro_f1": float(f1_score(action, decided, average="macro", labels=[SELL, HOLD, BUY], zero_division=0.0)),
    }


def confusion(decided: Integers, action: Integers) -> list[list[int]]:
    """Return counts by label (rows) and decision (columns), in the order of CLASSES."""
    counts: list[list[int]] = confusion_matrix(action, decided, labels=[SELL, HOLD, BUY]).tolist()
    return counts


def momentum_decisions(forecasts: Forecasts) -> Integers:
    """Return what following the last 20 bars' direction would have decided."""
    return np.where(forecasts.momentum > 0.0, BUY, np.where(forecasts.momentum < 0.0, SELL, HOLD))

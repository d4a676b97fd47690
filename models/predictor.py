"""The port of the judgement: normalised features in, calibrated probabilities and exact additive contributions out."""

from dataclasses import dataclass
from typing import Protocol

from models.features.arrays import Floats


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of k rows of features.

    ``score`` is the calibrated log-odds of BUY against SELL, ln(p_buy / p_sell), and equals ``base`` plus the sum of the
    row's ``contributions`` to 1e-6 or better.
    """

    probabilities: Floats
    """[k, 3]: SELL, HOLD, BUY; each row sums to 1."""
    score: Floats
    base: Floats
    contributions: Floats
    """[k, F], columns in the order of the catalogue; 0 for features that the model does not use."""


class Predictor(Protocol):
    """A trained model of one interval. A row's result depends on that row only, not on what else is in the batch."""

    @property
    def model_id(self) -> str:
        """Return the SHA-256 of the model's artefact."""

    @property
    def interval(self) -> str:
        """Return the interval of the bars it was trained on."""

    @property
    def feature_set(self) -> str:
        """Return the name of the feature list it was trained on."""

    @property
    def trained_until(self) -> int:
        """Return the end of the last bar that took part in training, in microseconds since the Unix epoch."""

    @property
    def threshold(self) -> float:
        """Return the absolute score that a BUY or SELL has to pass."""

    def predict(self, x: Floats) -> Prediction:
        """Judge rows of normalised features [k, F]; NaN (not known) counts as 0, the feature's own mean."""


@dataclass(frozen=True, slots=True)
class Card:
    """What every predictor knows of itself; it comes from the artefact's manifest."""

    model_id: str
    interval: str
    feature_set: str
    trained_until: int
    threshold: float

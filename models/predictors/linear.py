"""The adapter for scikit-learn's linear classifiers: coefficients as JSON, judged without the library."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.calibration import Calibration
from models.features.arrays import Floats, Integers
from models.predictor import Card, Prediction

FORMAT = 1


class LinearModelError(ValueError):
    """Stored coefficients are not what this version reads."""


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Margins = intercepts + coefficients · x, for the classes SELL, HOLD, BUY; ``means`` are the training rows' means."""

    coefficients: Floats
    intercepts: Floats
    means: Floats

    def margins(self, x: Floats) -> Floats:
        """Return the margins [k, 3]. No matrix product: its bits depend on how many rows there are."""
        apart = x - self.means
        at_mean = self.intercepts + np.add.reduce(self.coefficients * self.means, axis=1)
        return np.stack(
            [np.add.reduce(apart * row, axis=1) + base for row, base in zip(self.coefficients, at_mean, strict=True)], axis=1
        )

    def to_record(self) -> dict[str, object]:
        """Return what is stored as JSON."""
        return {
            "format": FORMAT,
            "coefficients": self.coefficients.tolist(),
            "intercepts": self.intercepts.tolist(),
            "means": self.means.tolist(),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, object], features: int) -> "LinearModel":
        """Return stored coefficients; LinearModelError where they are none, or of another number of features."""
        if record.get("format") != FORMAT:
            raise LinearModelError(f"expected coefficients of format {FORMAT}, found {record.get('format')}")
        model = cls(*(np.array(record[name], dtype=np.float64) for name in ("coefficients", "intercepts", "means")))
        shapes = (model.coefficients.shape, model.intercepts.shape, model.means.shape)
        if shapes != ((3, features), (3,), (features,)) or not all(
            np.isfinite(part).all() for part in (model.coefficients, model.intercepts, model.means)
        ):
            raise LinearModelError(f"expected finite coefficients of 3 classes and {features} features, found shapes {shapes}")
        return model


class LinearPredictor:
    """Judges by a linear model. A feature's contribution is its coefficient times how far it is from the training mean."""

    def __init__(self, card: Card, model: LinearModel, columns: Integers, calibration: Calibration) -> None:
        """Use a model whose features are these columns of the catalogue."""
        self.model_id = card.model_id
        self.interval = card.interval
        self.feature_set = card.feature_set
        self.trained_until = card.trained_until
        self.threshold = card.threshold
        self._model = model
        self._columns = columns
        self._calibration = calibration

    def predict(self, x: Floats) -> Prediction:
        """Judge rows of normalised features [k, F]; NaN (not known) counts as 0, the feature's own mean."""
        used = np.nan_to_num(x.take(self._columns, axis=1), nan=0.0)
        margins = self._model.margins(used)
        slope = self._calibration.direction_slope
        direction = slope * (self._model.coefficients[2] - self._model.coefficients[0])
        contributions = np.zeros(x.shape)
        contributions[:, self._columns] = direction * (used - self._model.means)
        base = slope * (self._model.intercepts[2] - self._model.intercepts[0]) + np.add.reduce(direction * self._model.means)
        return Prediction(
            self._calibration.probabilities(margins), self._calibration.score(margins), np.full(len(x), base), contributions
        )

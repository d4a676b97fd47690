"""The adapter for LightGBM models."""

import numpy as np

from models.calibration import Calibration
from models.features.arrays import Floats, Integers
from models.predictor import Card, Prediction
from models.predictors.tree_shap import TreeTables
from models.predictors.trees import Forest

_BUY_LESS_SELL = (-1.0, 0.0, 1.0)


class BoostedTreesPredictor:
    """Judges by LightGBM's trees, read from its model text; contributions are exact TreeSHAP values."""

    def __init__(self, card: Card, forest: Forest, columns: Integers, calibration: Calibration) -> None:
        """Use a forest whose features are these columns of the catalogue."""
        if (forest.outputs, forest.features) != (3, len(columns)):
            raise ValueError(f"expected 3 classes and {len(columns)} features, found {forest.outputs} and {forest.features}")
        self.model_id = card.model_id
        self.interval = card.interval
        self.feature_set = card.feature_set
        self.trained_until = card.trained_until
        self.threshold = card.threshold
        self._tables = TreeTables(forest, _BUY_LESS_SELL)
        self._columns = columns
        self._calibration = calibration

    def predict(self, x: Floats) -> Prediction:
        """Judge rows of normalised features [k, F]; NaN (not known) counts as 0, the feature's own mean."""
        margins, shares = self._tables.predict(np.nan_to_num(x.take(self._columns, axis=1), nan=0.0))
        slope = self._calibration.direction_slope
        contributions = np.zeros(x.shape)
        contributions[:, self._columns] = slope * shares
        score = self._calibration.score(margins)
        return Prediction(
            self._calibration.probabilities(margins), score, np.full(len(x), slope * self._tables.base), contributions
        )

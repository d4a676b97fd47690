"""From an artefact to a predictor: by the kind that its manifest names."""

import json
from pathlib import Path

import numpy as np

from models.artifacts import Artifact, ArtifactVersionError, current, load
from models.calibration import Calibration
from models.features.layout import COLUMN
from models.predictor import Card, Predictor
from models.predictors.boosted_trees import BoostedTreesPredictor
from models.predictors.linear import LinearModel, LinearPredictor
from models.predictors.trees import read_forest
from schemas.features import FEATURE_SET


def predictor_of(artifact: Artifact) -> Predictor:
    """Return the predictor of a verified artefact; ArtifactVersionError where its features or its kind are not known here."""
    manifest = artifact.manifest
    if manifest["feature_set"] != FEATURE_SET or not set(manifest["features"]) <= set(COLUMN):
        raise ArtifactVersionError(f"expected features of {FEATURE_SET}, found {manifest['feature_set']} in {artifact.id}")
    columns = np.array([COLUMN[name] for name in manifest["features"]], dtype=np.int64)
    card = Card(artifact.id, manifest["interval"], manifest["feature_set"], manifest["train_end"], manifest["threshold"])
    calibration = Calibration.from_record(json.loads(artifact.files["calibration.json"]))
    if manifest["kind"] == "lightgbm":
        return BoostedTreesPredictor(card, read_forest(artifact.files["model.txt"].decode()), columns, calibration)
    if manifest["kind"] == "linear":
        model = LinearModel.from_record(json.loads(artifact.files["model.json"]), len(columns))
        return LinearPredictor(card, model, columns, calibration)
    raise ArtifactVersionError(f"expected a model of kind lightgbm or linear, found {manifest['kind']} in {artifact.id}")


def load_predictor(root: Path, model_id: str) -> Predictor:
    """Return the predictor of a stored artefact, every hash verified."""
    return predictor_of(load(root, model_id))


def load_current(root: Path) -> dict[str, Predictor]:
    """Return the predictor that serves each interval."""
    return {interval: load_predictor(root, model_id) for interval, model_id in current(root).items()}

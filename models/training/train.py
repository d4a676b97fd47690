"""History in, stored artefact out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from models import artifacts
from models.artifacts import Artifact, ModelRef
from models.canonical import canonical_json
from models.features.engine import BarColumns
from models.features.layout import FAMILY_COLUMNS
from models.loading import predictor_of
from models.training.config import TrainingConfig
from models.training.dataset import Dataset, build_dataset
from models.training.estimators import Fitted, fit
from models.training.evaluation import CLASSES
from models.training.findings import find
from models.training.labels import UNKNOWN, make_labels
from models.training.plots import confusion_svg, reliability_svg
from models.training.report import markdown
from models.training.walk import Progress, Rows, Settled, Tested, TrainingError, forecasts, run_folds, settle
from schemas.events.market import CorporateAction
from schemas.features import FEATURE_NAMES, FEATURE_SET

_TECHNICAL = FAMILY_COLUMNS["technical"]
_METRICS = ("rows", "from", "until", "model", "baselines", "differences", "edge", "expected_calibration_error")
_LIBRARIES = ("lightgbm", "numpy", "scikit-learn")


def train(
    bars: Mapping[str, BarColumns],
    actions: Sequence[CorporateAction],
    config: TrainingConfig,
    root: Path,
    progress: Progress = lambda _what, _share: None,
) -> ModelRef:
    """Train on all of the bars given, store the artefact under ``root`` and return its reference.

    Nothing in the artefact depends on a clock, a random source or the environment, so the same history gives the same id on
    one machine. HistoryError and TrainingError say why a history does not do.
    """
    progress(f"{config.interval}: features", 0.0)
    data = build_dataset(bars, actions, config.interval)
    rows = usable_rows(data, config)
    tested = run_folds(data, rows, config, progress)
    settled = settle(tested, rows.labels.action, config)
    progress(f"{config.interval}: final model", 0.8)
    learner = fit(rows.x[rows.usable], rows.labels.action[rows.usable], config)
    manifest = _manifest(data, rows, config, settled)
    found = _findings(data, rows, tested, config)
    progress(f"{config.interval}: report", 0.9)
    manifest["metrics"] = {name: found[name] for name in _METRICS}
    files = {
        "model.txt" if config.kind == "lightgbm" else "model.json": learner.text(settled.rounds),
        "calibration.json": canonical_json(settled.calibration.to_record()),
        "report.md": markdown(manifest, found),
        "report.json": canonical_json(found),
        "reliability.svg": reliability_svg(found["reliability"]),
        "confusion.svg": confusion_svg(found["confusion"]),
    }
    contents = {name: text.encode() for name, text in files.items()}
    _check(manifest, contents, learner, rows, settled)
    ref = artifacts.save(root, manifest, contents)
    progress(f"{config.interval}: done", 1.0)
    return ref


def usable_rows(data: Dataset, config: TrainingConfig) -> Rows:
    """Return the rows with every technical feature and a label known."""
    labels = make_labels(data, config.horizon_bars, config.band)
    x = data.normalised[:, _TECHNICAL]
    return Rows(x, labels, np.flatnonzero(np.isfinite(x).all(axis=1) & (labels.action != UNKNOWN)))


def _findings(data: Dataset, rows: Rows, tested: Sequence[Tested], config: TrainingConfig) -> dict[str, Any]:
    judged = forecasts(data, rows.labels, tested, config)
    margins = np.concatenate(
        [fold.margins[settle(tested[:number], rows.labels.action, config).rounds] for number, fold in enumerate(tested) if number]
    )
    return find(judged, margins, config)


def _manifest(data: Dataset, rows: Rows, config: TrainingConfig, settled: Settled) -> dict[str, Any]:
    return {
        "kind": config.kind,
        "interval": config.interval,
        "feature_set": FEATURE_SET,
        "features": [FEATURE_NAMES[column] for column in _TECHNICAL],
        "classes": list(CLASSES),
        "symbols": list(data.symbols),
        "train_start": int(data.end[rows.usable].min()),
        "train_end": int(data.end.max()),
        "rows": len(rows.usable),
        "rounds": settled.rounds,
        "threshold": settled.threshold,
        "config": {**asdict(config), "rounds": list(config.rounds)},
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def _check(manifest: Mapping[str, Any], files: Mapping[str, bytes], learner: Fitted, rows: Rows, settled: Settled) -> None:
    """Compare what will be read back with the learner itself: an artefact that judges otherwise is never stored."""
    sample = rows.usable[-200:]
    x = np.zeros((len(sample), len(FEATURE_NAMES)))
    x[:, _TECHNICAL] = rows.x[sample]
    read = predictor_of(Artifact("0" * 64, manifest, files)).predict(x)
    own = settled.calibration.probabilities(learner.margins(rows.x[sample], settled.rounds))
    apart = float(np.abs(read.probabilities - own).max())
    unexplained = float(np.abs(read.base + read.contributions.sum(axis=1) - read.score).max())
    if max(apart, unexplained) > 1e-9:  # noqa: PLR2004  # rounding of sums of a few hundred terms
        raise TrainingError(f"expected the stored model to judge as the learner, found differences of {apart} and {unexplained}")

"""Features to explained recommendations, with the demo's own minute model."""

import time
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from benchmarks.harness import Measured, repeat
from benchmarks.model import demo_model
from models.loading import load_predictor
from models.recommender import Recommender
from schemas.events.market import BarClosed
from schemas.events.signals import FeaturesComputed
from schemas.features import FEATURE_NAMES, FEATURE_SET
from schemas.ids import derived_id

UNITS = {"per_s": "recommendations/s", "single_p99_ms": "ms", "single_p50_ms": "ms", "rounds": "rounds", "leaves": "leaves"}
BATCH = 100
BATCHES = 60
SINGLES = 1_000


def run(runs: int, data_dir: Path) -> dict[str, Measured]:
    """Measure batches of 100 and single rows, all explained."""
    folder, model_id = demo_model(data_dir)
    predictor = load_predictor(folder, model_id)
    size = _size(folder / model_id / "model.txt")
    recommender = Recommender({"1m": predictor})
    return repeat(runs, UNITS, lambda run: {**_measure(recommender, predictor.trained_until, run), **size})


def _measure(recommender: Recommender, after: int, seed: int) -> Mapping[str, float]:
    rows = features_records(BATCH * BATCHES, after, seed)
    recommender.recommend_records(rows[:BATCH])
    began, made = time.perf_counter(), 0
    for start in range(0, len(rows), BATCH):
        made += sum(1 for one in recommender.recommend_records(rows[start : start + BATCH]) if one["sentences"])
    per_s = made / (time.perf_counter() - began)
    singles = []
    for row in rows[:SINGLES]:
        began = time.perf_counter()
        recommender.recommend_records([row])
        singles.append((time.perf_counter() - began) * 1000)
    singles.sort()
    return {"per_s": per_s, "single_p99_ms": singles[int(SINGLES * 0.99)], "single_p50_ms": singles[SINGLES // 2]}


def features_records(count: int, after: int, seed: int) -> list[dict[str, Any]]:
    """Return features as the codec decodes them: normalised values as z-scores are distributed, no two rows alike."""
    random, values = Random(seed), np.random.default_rng(seed).standard_normal((count, len(FEATURE_NAMES)))
    return [
        {
            "id": derived_id(FeaturesComputed.TYPE, seed, number),
            "symbol": f"S{number % 500:03d}",
            "interval": "1m",
            "start": after + number * 60_000_000,
            "as_of": after + (number + 1) * 60_000_000,
            "available_at": after + (number + 1) * 60_000_000,
            "bar_id": derived_id(BarClosed.TYPE, seed, number),
            "source": "bench",
            "price": 100.0 + random.random(),
            "volume": 1000.0,
            "feature_set": FEATURE_SET,
            "missing": [],
            "inputs": [],
            "synthetic": False,
            "bars_seen": 500,
            "raw": dict(zip(FEATURE_NAMES, (abs(value) for value in row), strict=True)),
            "normalised": dict(zip(FEATURE_NAMES, row, strict=True)),
        }
        for number, row in enumerate(values.tolist())
    ]


def _size(model: Path) -> Mapping[str, float]:
    """Return how large the model is, so that the figures can be judged."""
    lines = model.read_text().splitlines()
    leaves = [int(line.removeprefix("num_leaves=")) for line in lines if line.startswith("num_leaves=")]
    return {"rounds": len(leaves) / 3, "leaves": max(leaves)}

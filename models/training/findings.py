"""What the walk forward found, as one record: the report is written from it and the manifest quotes it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from models.features.arrays import Floats
from models.training.calibrate import DIRECTION_SLOPE_MIN, fitted_direction_slope
from models.training.config import TrainingConfig
from models.training.evaluation import (
    CLASSES,
    Forecasts,
    brier,
    calibration_error,
    classification,
    confusion,
    hit_rate_by_confidence,
    log_losses,
    momentum_decisions,
    reliability,
)
from models.training.labels import BUY, HOLD
from models.training.profit import block_bootstrap, net_returns

BLOCK_TIMES_MIN = 20


def find(forecasts: Forecasts, margins: Floats, config: TrainingConfig) -> dict[str, Any]:
    """Return every figure of the report; ``margins`` are those of the same rows before calibration."""
    bins = {name: reliability(forecasts.probabilities[:, one], forecasts.action == one) for one, name in enumerate(CLASSES)}
    differences = _differences(forecasts, config)
    return {
        "rows": len(forecasts),
        "from": int(forecasts.end.min()),
        "until": int(forecasts.end.max()),
        "labels": dict(zip(CLASSES, np.bincount(forecasts.action, minlength=3).tolist(), strict=True)),
        "decisions": dict(zip(CLASSES, np.bincount(forecasts.decided, minlength=3).tolist(), strict=True)),
        "model": _scores(forecasts),
        "baselines": _baselines(forecasts),
        "expected_calibration_error": {name: calibration_error(one) for name, one in bins.items()},
        "reliability": {name: [asdict(one) for one in bins[name]] for name in CLASSES},
        "confusion": confusion(forecasts.decided, forecasts.action),
        "hit_rate_by_confidence": [asdict(one) for one in hit_rate_by_confidence(forecasts)],
        "direction_slope_fitted": fitted_direction_slope(margins, forecasts.action),
        "direction_slope_min": DIRECTION_SLOPE_MIN,
        "differences": differences,
        "edge": edge(differences),
        "cost_bps": config.cost_bps,
    }


def edge(differences: Mapping[str, Mapping[str, float]]) -> dict[str, str]:
    """Return for each difference whether its 95 % interval lies above 0 (better), below (worse), or includes it (unproven)."""
    return {
        name: "better" if difference["low"] > 0.0 else "worse" if difference["high"] < 0.0 else "unproven"
        for name, difference in differences.items()
    }


def _scores(forecasts: Forecasts) -> dict[str, float]:
    return {
        "log_loss": float(log_losses(forecasts.probabilities, forecasts.action).mean()),
        "brier": brier(forecasts.probabilities, forecasts.action),
        **classification(forecasts.decided, forecasts.action),
    }


def _baselines(forecasts: Forecasts) -> dict[str, dict[str, float]]:
    always_hold = np.full(len(forecasts), HOLD)
    return {
        "base_rates": {
            "log_loss": float(log_losses(forecasts.base_rates, forecasts.action).mean()),
            "brier": brier(forecasts.base_rates, forecasts.action),
        },
        "always_hold": classification(always_hold, forecasts.action),
        "momentum": classification(momentum_decisions(forecasts), forecasts.action),
    }


def _differences(forecasts: Forecasts, config: TrainingConfig) -> dict[str, dict[str, float]]:
    """Return the mean difference to each baseline and its 95 % interval; above 0 is better than the baseline."""
    gain = log_losses(forecasts.base_rates, forecasts.action) - log_losses(forecasts.probabilities, forecasts.action)
    moved = forecasts.action != HOLD
    sign = np.where(forecasts.action[moved] == BUY, 1.0, -1.0)
    known = np.log(2.0) - np.logaddexp(0.0, -sign * forecasts.score[moved])
    net = {
        name: 1e4 * net_returns(decided, forecasts.following, forecasts.symbol, config.cost_bps)
        for name, decided in (
            ("model", forecasts.decided),
            ("momentum", momentum_decisions(forecasts)),
            ("always_buy", np.full(len(forecasts), BUY)),
        )
    }
    block = max(BLOCK_TIMES_MIN, config.horizon_bars)

    def interval(values: Floats, rows: Any = slice(None)) -> dict[str, float]:
        mean, low, high = block_bootstrap(values, forecasts.end[rows], block, config.seed)
        return {"mean": mean, "low": low, "high": high}

    return {
        "log_loss_against_base_rates": interval(gain),
        "direction_log_loss_against_a_coin": interval(known, moved),
        "net_bps_against_always_hold": interval(net["model"]),
        "net_bps_against_momentum": interval(net["model"] - net["momentum"]),
        "net_bps_against_always_buy": interval(net["model"] - net["always_buy"]),
    }

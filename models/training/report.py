"""The findings in words, for people: Markdown, from nothing but the record."""

from collections.abc import Mapping
from typing import Any

from models.training.evaluation import CLASSES
from schemas.values import iso

_NAMES = {
    "log_loss_against_base_rates": "log-loss, better than the base rates",
    "direction_log_loss_against_a_coin": "log-loss of the direction where the price moved, better than a coin",
    "net_bps_against_always_hold": "net return per bar and symbol, over always HOLD (bps)",
    "net_bps_against_momentum": "net return per bar and symbol, over momentum (bps)",
    "net_bps_against_always_buy": "net return per bar and symbol, over always BUY (bps)",
}


_WHETHER = {
    "better": "Its probabilities say more than the base rates do",
    "unproven": "Its probabilities do not demonstrably say more than the base rates do",
    "worse": "Its probabilities say less than the base rates do",
}
_WHERE = {
    "better": "it knows something of the direction",
    "unproven": "of the direction, once the price moves, it knows nothing that can be told from chance",
    "worse": "of the direction, once the price moves, it knew less than a coin",
}


def verdict(findings: Mapping[str, Any]) -> str:
    """Return what the figures allow to say, in plain words."""
    edge = findings["edge"]
    paid = (edge["net_bps_against_always_hold"], edge["net_bps_against_momentum"])
    if set(paid) == {"better"}:
        pays = "its decisions gained more than always HOLD and than momentum after cost"
    elif "worse" in paid:
        pays = "there is no trading edge: after cost its decisions lost against always HOLD or against momentum"
    else:
        pays = "no trading edge is shown: after cost its gain over always HOLD or over momentum cannot be told from 0"
    return f"{_WHETHER[edge['log_loss_against_base_rates']]}; {_WHERE[edge['direction_log_loss_against_a_coin']]}; {pays}."


def markdown(manifest: Mapping[str, Any], findings: Mapping[str, Any]) -> str:
    """Return the report of one model."""
    return "\n".join([*_head(manifest, findings), *_figures(findings), *_tables(findings), *_method(manifest, findings), ""])


def _head(manifest: Mapping[str, Any], findings: Mapping[str, Any]) -> list[str]:
    scope = (
        f"Trained on {manifest['rows']} rows of {', '.join(manifest['symbols'])}, {_day(manifest['train_start'])} to "
        f"{_day(manifest['train_end'])}. Every figure below is out of sample: {findings['rows']} rows, {_day(findings['from'])} to "
        f"{_day(findings['until'])}, each judged by a model, a calibration and a threshold made from earlier rows only."
    )
    pictures = "![Reliability](reliability.svg) ![Confusion](confusion.svg)"
    return [
        f"# Model of {manifest['interval']} bars ({manifest['kind']})",
        "",
        f"**{verdict(findings)}**",
        "",
        scope,
        "",
        pictures,
        "",
    ]


def _figures(findings: Mapping[str, Any]) -> list[str]:
    model, base = findings["model"], findings["baselines"]
    rows = [
        "| | this model | base rates | always HOLD | momentum |",
        "|---|---|---|---|---|",
        f"| log-loss | {model['log_loss']:.4f} | {base['base_rates']['log_loss']:.4f} | | |",
        f"| Brier | {model['brier']:.4f} | {base['base_rates']['brier']:.4f} | | |",
    ]
    rows += [
        f"| {label} | {model[key]:.3f} | | {base['always_hold'][key]:.3f} | {base['momentum'][key]:.3f} |"
        for key, label in (("balanced_accuracy", "balanced accuracy"), ("macro_f1", "macro-F1"))
    ]
    rows += ["", f"| difference (cost {findings['cost_bps']:g} bps a trade) | mean | 95 % interval |", "|---|---|---|"]
    for key, label in _NAMES.items():
        difference = findings["differences"][key]
        rows.append(f"| {label} | {difference['mean']:+.4f} | {difference['low']:+.4f} … {difference['high']:+.4f} |")
    return [*rows, ""]


def _tables(findings: Mapping[str, Any]) -> list[str]:
    errors = findings["expected_calibration_error"]
    labels, decisions = findings["labels"], findings["decisions"]
    rows = ["| | SELL | HOLD | BUY |", "|---|---|---|---|"]
    rows.append("| labels | " + " | ".join(str(labels[name]) for name in CLASSES) + " |")
    rows.append("| decisions | " + " | ".join(str(decisions[name]) for name in CLASSES) + " |")
    rows.append("| expected calibration error | " + " | ".join(f"{errors[name]:.3f}" for name in CLASSES) + " |")
    rows += ["", "| confidence of BUY and SELL | right | decisions |", "|---|---|---|"]
    rows += [f"| {one['forecast']:.3f} | {one['observed']:.3f} | {one['rows']} |" for one in findings["hit_rate_by_confidence"]]
    return [*rows, ""]


def _method(manifest: Mapping[str, Any], findings: Mapping[str, Any]) -> list[str]:
    config, fitted = manifest["config"], findings["direction_slope_fitted"]
    lowered = fitted < findings["direction_slope_min"]
    floor = f" (set to {findings['direction_slope_min']}, the least that is used)" if lowered else ""
    method = (
        f"Labels: log return over {config['horizon_bars']} bars against ± {config['band']} volatilities over that horizon. Walk "
        f"forward: {config['folds']} expanding folds, purged, embargo {config['embargo_bars']} bars; the first fold only "
        f"calibrates. {manifest['rounds']} rounds, threshold {manifest['threshold']:.4f}. Slope of the direction out of fold: "
        f"{fitted:.2f}{floor}; 1 would be a margin to be taken at its word, 0 is chance."
    )
    return [method, "", _LIMITS]


_LIMITS = (
    "Only the technical family is measured here; sentiment and social are priors that no history was at hand to learn. A net "
    "return measures decisions (one unit per symbol, next bar's return, cost when the position changes), not an account. BUY and "
    "SELL are taken to be equally likely before anything is known, so the drift of the past shows as an error of calibration. "
    "The symbols of a recording are known to have survived it, which flatters whoever buys."
)


def _day(micros: int) -> str:
    return iso(micros)[:16].replace("T", " ")

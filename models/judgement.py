"""What a recommendation says, made from facts alone: shared by the stream, by reads with own weights and by recomputation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from models.decision import Decision, Opinion, Weights, decide
from models.explanations import Facts, explain
from models.features.layout import FAMILY_COLUMNS
from schemas.features import FEATURE_NAMES

Record = dict[str, Any]
"""An event as the codec takes it: plain values, no model classes."""

_TECHNICAL = tuple(FEATURE_NAMES[column] for column in FAMILY_COLUMNS["technical"])


@dataclass(frozen=True, slots=True)
class Basis:
    """What a decision and its words are made from: a feature event's, or those that a recommendation carries."""

    symbol: str
    interval: str
    price: float
    threshold: float
    hold: float
    opinions: tuple[Opinion, ...]
    raw: Mapping[str, float]
    normalised: Mapping[str, float]
    contributions: Mapping[str, float]
    silent: Sequence[str]
    synthetic: bool


def decided(basis: Basis, weights: Weights) -> Record:
    """Return the action, its confidence and score, the families, what held it back, and the words for all that."""
    missing = [name for name in _TECHNICAL if isnan(basis.normalised[name])]
    known = len(_TECHNICAL) - len(missing)
    decision = decide(basis.opinions, weights, threshold=basis.threshold, hold=basis.hold, missing=missing, known=known)
    facts = Facts(
        symbol=basis.symbol,
        interval=basis.interval,
        price=basis.price,
        threshold=basis.threshold,
        raw=basis.raw,
        contributions=basis.contributions,
        missing=missing,
        silent=basis.silent,
        synthetic=basis.synthetic,
    )
    explanation = explain(decision, basis.opinions, weights, facts)
    return {
        "action": decision.action,
        "confidence": decision.confidence,
        "score": decision.score,
        "families": _families(basis.opinions, weights, decision),
        "held_back": tuple({"reason": held.reason, "detail": held.detail} for held in decision.held_back),
        "summary": explanation.summary,
        "sentences": explanation.sentences,
    }


def _families(opinions: Sequence[Opinion], weights: Weights, decision: Decision) -> tuple[Record, ...]:
    return tuple(
        {
            "name": opinion.name,
            "score": opinion.score,
            "weight": weights.of(opinion.name),
            "contribution": contribution,
            "learnt": opinion.learnt,
            "present": opinion.present,
        }
        for opinion, contribution in zip(opinions, decision.contributions, strict=True)
    )

"""Late fusion: what each family says, weighed, becomes one action. The stream, the engine and reads with own weights share it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from schemas.events.recommendations import Action
from schemas.features import Family

WEIGHT_MAX = 5.0
MISSING_SHARE_MAX = 0.25
"""With a larger share of the technical features unknown nothing is decided but HOLD."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much a user listens to each family: 1 as the platform does, 0 not at all."""

    technical: float = 1.0
    sentiment: float = 1.0
    social: float = 1.0

    def __post_init__(self) -> None:
        for name in ("technical", "sentiment", "social"):
            weight = getattr(self, name)
            if not 0.0 <= weight <= WEIGHT_MAX:
                raise ValueError(f"expected a {name} weight from 0 to {WEIGHT_MAX:g}, found {weight}")

    def of(self, family: Family) -> float:
        """Return the weight of a family."""
        weight: float = getattr(self, family)
        return weight


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one family says: log-odds of BUY against SELL."""

    name: Family
    score: float
    learnt: bool
    present: bool


@dataclass(frozen=True, slots=True)
class Held:
    """One reason why a HOLD is no BUY and no SELL."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Decision:
    """One action, with the contribution of each opinion to the score that decided it."""

    action: Action
    confidence: float
    score: float
    contributions: tuple[float, ...]
    held_back: tuple[Held, ...]


def decide(
    opinions: Sequence[Opinion], weights: Weights, *, threshold: float, hold: float, missing: Sequence[str], known: int
) -> Decision:
    """Return the decision of weighed opinions.

    ``threshold`` is the score a BUY or SELL has to pass, ``hold`` the technical model's probability that the price stays inside
    the band, ``missing`` the technical features that are not known, ``known`` how many are. Scores are log-odds, so independent
    opinions add up. The families speak of the direction only, so P(move) = 1 - ``hold`` stays, and the confidence of a BUY is
    P(move) / (1 + e^-score): with weight 1 for the technical family alone that is its own calibrated probability.
    """
    contributions = tuple(weights.of(opinion.name) * opinion.score for opinion in opinions)
    score = sum(contributions)
    held_back = tuple(_held_back(contributions, score, threshold, missing, known))
    if held_back:
        return Decision("HOLD", hold, score, contributions, held_back)
    action: Action = "BUY" if score > 0.0 else "SELL"
    return Decision(action, (1.0 - hold) / (1.0 + exp(-abs(score))), score, contributions, ())


def _held_back(contributions: Sequence[float], score: float, threshold: float, missing: Sequence[str], known: int) -> list[Held]:
    reasons = []
    if len(missing) > MISSING_SHARE_MAX * (len(missing) + known):
        reasons.append(Held("missing_data", f"{len(missing)} of {len(missing) + known} technical features are not known yet"))
    if abs(score) <= threshold:
        buying, selling = sum(one for one in contributions if one > 0.0), -sum(one for one in contributions if one < 0.0)
        side = "BUY" if buying >= selling else "SELL"
        if max(buying, selling) > threshold:
            detail = (
                f"{buying:.3f} towards BUY and {selling:.3f} towards SELL leave {score:+.3f}; "
                f"a {side} needs more than {threshold:.3f}"
            )
            reasons.append(Held("disagreement", detail))
        else:
            reasons.append(Held("threshold", f"the score {score:+.3f} does not pass the {threshold:.3f} that a {side} needs"))
    return reasons

"""From a decision to sentences, by template: every number in them is a number of the recommendation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from models.decision import Decision, Opinion, Weights
from models.phrases import PHRASES

REASONS_MAX = 4
_UNLEARNT = "a documented prior, not learnt from data"
_ITEMS = {"sentiment": "news", "social": "posts"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What sentences may quote, beside the decision itself."""

    symbol: str
    interval: str
    price: float
    threshold: float
    raw: Mapping[str, float]
    contributions: Mapping[str, float]
    missing: Sequence[str]
    """Technical features that are not known."""
    silent: Sequence[str]
    """Inputs that had fallen silent or are too short, as the features state them."""
    synthetic: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """One sentence for a list, several for whoever wants to know."""

    summary: str
    sentences: tuple[str, ...]


def explain(decision: Decision, opinions: Sequence[Opinion], weights: Weights, facts: Facts) -> Explanation:
    """Return why a decision is what it is."""
    reasons = _strongest(facts)
    sentences = [_feature(name, facts) for name in reasons]
    sentences += [_family(opinion, facts) for opinion in opinions if opinion.name != "technical"]
    sentences.append(_total(decision, opinions, weights, facts))
    sentences += [f"Held back ({held.reason.replace('_', ' ')}): {held.detail}." for held in decision.held_back]
    if facts.missing:
        sentences.append(f"Missing: {', '.join(facts.missing)}.")
    if facts.silent:
        sentences.append(f"Inputs that had fallen silent or are too short: {', '.join(facts.silent)}.")
    if facts.synthetic:
        sentences.append("Synthetic news or posts, made up for demonstration, are among the inputs.")
    return Explanation(_summary(decision, reasons, facts), tuple(sentences))


def towards(contribution: float) -> str:
    """Return where a contribution pushes, with its size."""
    if contribution == 0.0:
        return "pushes nowhere (+0.000)"
    return f"pushes towards {'BUY' if contribution > 0.0 else 'SELL'} ({contribution:+.3f})"


def _strongest(facts: Facts) -> list[str]:
    known = [name for name in PHRASES if not isnan(facts.raw[name]) and facts.contributions[name]]
    return sorted(known, key=lambda name: -abs(facts.contributions[name]))[:REASONS_MAX]


def _feature(name: str, facts: Facts) -> str:
    phrase = PHRASES[name](facts.raw[name], facts.price)
    return f"{phrase[0].upper()}{phrase[1:]} {towards(facts.contributions[name])}."


def _family(opinion: Opinion, facts: Facts) -> str:
    name, score = opinion.name, facts.raw[f"{opinion.name}_score"]
    basis = "learnt from data" if opinion.learnt else _UNLEARNT
    if not opinion.present:
        return f"{name.capitalize()} says nothing: no {_ITEMS[name]} known (its weight is {basis})."
    count = facts.raw[f"{name}_count"]
    age = f", the newest {facts.raw['sentiment_age']:.1f} hours old" if name == "sentiment" else ""
    source = f"{count:.1f} {_ITEMS[name]} (faded by age{age})"
    return f"{name.capitalize()} at {score:+.2f} from {source} {towards(opinion.score)}; its weight is {basis}."


def _total(decision: Decision, opinions: Sequence[Opinion], weights: Weights, facts: Facts) -> str:
    parts = [_part(opinion, weights.of(opinion.name)) for opinion in opinions]
    bounds = f"a BUY needs more than {facts.threshold:+.3f}, a SELL less than {-facts.threshold:+.3f}"
    return f"In all {decision.score:+.3f}: {', '.join(parts)}; {bounds}."


def _part(opinion: Opinion, weight: float) -> str:
    return f"{opinion.name} {opinion.score:+.3f}" + ("" if weight == 1.0 else f" x {weight:g}")


def _summary(decision: Decision, reasons: Sequence[str], facts: Facts) -> str:
    head = f"{decision.action} {facts.symbol} ({facts.interval}) with {decision.confidence:.0%} confidence"
    if decision.held_back:
        return f"{head}: {decision.held_back[0].detail}."
    agreeing = [name for name in reasons if (facts.contributions[name] > 0.0) == (decision.score > 0.0)][:2]
    if not agreeing:
        return f"{head}: many small reasons add up to {decision.score:+.3f}."
    return f"{head}: {' and '.join(PHRASES[name](facts.raw[name], facts.price) for name in agreeing)}."

"""What the platform recommends, why, and what it would take to compute it again."""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.events.base import Event, Record
from schemas.events.signals import FeatureVector
from schemas.values import Finite, Interval, Micros, Name, Positive, Symbol, Unit

Action = Literal["BUY", "SELL", "HOLD"]


class Probabilities(Record):
    """Calibrated probabilities of the technical model; they sum to 1."""

    sell: Unit
    hold: Unit
    buy: Unit


class FamilyOpinion(Record):
    """What one family of features says, and how much it was listened to."""

    name: Literal["technical", "sentiment", "social"]
    score: Finite = Field(description="positive towards BUY, negative towards SELL; log-odds")
    weight: Finite
    contribution: Finite = Field(description="weight times score: what it adds to the total")
    learnt: bool = Field(description="false: a documented prior, not learnt from data")
    present: bool = Field(description="false: its inputs are missing, so it says nothing")


class HeldBack(Record):
    """One reason why a HOLD is no BUY and no SELL."""

    reason: Literal["threshold", "disagreement", "missing_data"]
    detail: str


class RecommendationMade(Event):
    """A recommendation at one point in time; every HOLD too, with what held it back."""

    TYPE: ClassVar[str] = "recommendations.made"

    id: str
    symbol: Symbol
    interval: Interval
    action: Action
    confidence: Unit = Field(description="probability of the action after fusion")
    score: Finite = Field(description="total of the families' contributions; log-odds of BUY against SELL")
    threshold: Finite = Field(description="the score a BUY or SELL has to pass")
    decided_at: Micros
    valid_until: Micros = Field(description="from then on it is stale and cannot be approved")
    price: Positive
    source: Name
    model_id: Name = Field(description="SHA-256 of the model's artefact")
    features_id: str
    feature_set: Name
    synthetic: bool = Field(description="true: synthetic news or posts are among its inputs")
    missing: tuple[str, ...] = ()
    probabilities: Probabilities
    families: tuple[FamilyOpinion, ...]
    held_back: tuple[HeldBack, ...] = ()
    base_score: Finite = Field(description="the model's score before any feature is known")
    raw: FeatureVector
    normalised: FeatureVector
    contributions: FeatureVector = Field(description="what each feature adds; base_score plus their sum is the technical score")
    summary: str
    sentences: tuple[str, ...]

    def identity(self) -> str:
        return self.id

    def occurred_at(self) -> int:
        return self.decided_at

    def key(self) -> bytes:
        return self.symbol.encode()

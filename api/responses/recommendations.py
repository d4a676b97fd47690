"""Recommendations as they are answered."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, WithJsonSchema, create_model

from api.responses.envelope import Answer, ListMeta, Meta, PageMeta
from schemas.events.recommendations import Action, FamilyOpinion, HeldBack, Probabilities
from schemas.features import FEATURES

TimeText = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]

if TYPE_CHECKING:

    class FeatureValues(Answer):
        """One number for each feature of the catalogue; null where it was not known."""

else:
    _fields: dict[str, Any] = {feature.name: (float | None, Field(description=feature.meaning)) for feature in FEATURES}
    FeatureValues = create_model("FeatureValues", __base__=Answer, __module__=__name__, **_fields)
    FeatureValues.__doc__ = "One number for each feature of the catalogue; null where it was not known."


class Explanation(Answer):
    """Why: sentences that quote the values they speak of, and the figures behind them."""

    summary: str
    sentences: list[str]
    families: list[FamilyOpinion]
    held_back: list[HeldBack] = Field(description="why a HOLD is no BUY and no SELL")
    base_score: float = Field(description="the model's score before any feature is known")


class FeatureVectors(Answer):
    """What the recommendation was computed from, and what each feature added to the technical score."""

    raw: FeatureValues
    normalised: FeatureValues
    contributions: FeatureValues


class Recommendation(Answer):
    """A recommendation with its explanation."""

    stale: bool = Field(description="true from valid_until on: not to be acted on")
    id: str = Field(json_schema_extra={"format": "uuid"})
    symbol: str
    interval: str = Field(description="length of the bars it was decided on")
    action: Action
    confidence: float = Field(ge=0, le=1, description="probability of the action after fusion")
    score: float = Field(description="log-odds of BUY against SELL; total of the families' contributions")
    threshold: float = Field(description="the score a BUY or SELL has to pass")
    decided_at: TimeText
    valid_until: TimeText
    price: float = Field(gt=0)
    source: str = Field(description="source of the bars")
    model_id: str = Field(description="SHA-256 of the model's artefact")
    features_id: str
    feature_set: str
    synthetic: bool = Field(description="true: synthetic news or posts are among its inputs")
    missing: list[str] = Field(description="inputs that had fallen silent, and history that is too short")
    probabilities: Probabilities
    explanation: Explanation


class DetailedRecommendation(Recommendation):
    """A recommendation with all it would take to compute it again."""

    features: FeatureVectors


class RecommendationList(Answer):
    """A page of recommendations, newest first."""

    data: list[Recommendation]
    meta: "RecommendationListMeta"


class RecommendationAnswer(Answer):
    """One recommendation."""

    data: DetailedRecommendation
    meta: "WeightedMeta"


class GeneratedList(Answer):
    """What the engine recommends, in the order of the inputs."""

    data: list[DetailedRecommendation]
    meta: "GeneratedMeta"


class WeightsUsed(Answer):
    """The weights that were applied."""

    technical: float
    sentiment: float
    social: float


class RecommendationListMeta(PageMeta):
    """About a page of recommendations."""

    weights: WeightsUsed | None = None


class WeightedMeta(Meta):
    """About one recommendation."""

    weights: WeightsUsed | None = None


class GeneratedMeta(ListMeta):
    """About what was generated."""

    weights: WeightsUsed | None = None

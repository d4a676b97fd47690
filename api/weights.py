"""A user's weights of the three families of signals, as they come in."""

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from api.parameters import Input
from models.decision import Weights

WEIGHT_MAX = 10.0
Weight = Annotated[float, Field(ge=0, le=WEIGHT_MAX)]

_DEFAULT = Weights()


class WeightsBody(Input):
    """How much each family of signals counts; one that is left out counts as the platform weighs it."""

    technical: Weight = _DEFAULT.technical
    sentiment: Weight = _DEFAULT.sentiment
    social: Weight = _DEFAULT.social

    def wanted(self) -> Weights:
        """Return the weights."""
        return Weights(technical=self.technical, sentiment=self.sentiment, social=self.social)


class WeightsQuery(Input):
    """Weights as query parameters: recommendations are shown as these weights would have made them."""

    w_technical: Weight | None = Field(default=None, description="weight of the trained model; with any weight, the others default")
    w_sentiment: Weight | None = Field(default=None, description="weight of the news")
    w_social: Weight | None = Field(default=None, description="weight of the posts")

    def wanted(self) -> Weights | None:
        """Return the weights, None where none is given."""
        given = {"technical": self.w_technical, "sentiment": self.w_sentiment, "social": self.w_social}
        stated = {name: weight for name, weight in given.items() if weight is not None}
        return Weights(**{**asdict(_DEFAULT), **stated}) if stated else None


def shown_weights(weights: Weights | None) -> dict[str, Any] | None:
    """Return weights for the meta of an answer."""
    return None if weights is None else asdict(weights)

"""A user's weights of the three families of signals, as they come in and go out."""

from dataclasses import asdict
from typing import Annotated

from pydantic import Field

from api.parameters import Input
from models.decision import WEIGHT_MAX, Weights

Weight = Annotated[float, Field(ge=0, le=WEIGHT_MAX)]


class WeightsBody(Input):
    """How much each family of signals counts: 1 as the platform listens to it, 0 not at all."""

    technical: Weight = 1.0
    sentiment: Weight = 1.0
    social: Weight = 1.0

    def wanted(self) -> Weights:
        """Return the weights."""
        return Weights(self.technical, self.sentiment, self.social)


class WeightsQuery(Input):
    """Weights as query parameters. Where any is given, those that are not are 1."""

    w_technical: Weight | None = Field(
        default=None, description="how much the trained model counts; 1: as the platform listens to it"
    )
    w_sentiment: Weight | None = Field(default=None, description="how much the news counts")
    w_social: Weight | None = Field(default=None, description="how much posts count")

    def wanted(self) -> Weights | None:
        """Return the weights, None where none is given."""
        given = (self.w_technical, self.w_sentiment, self.w_social)
        if given == (None, None, None):
            return None
        return Weights(*(1.0 if weight is None else weight for weight in given))


def shown_weights(weights: Weights | None) -> dict[str, float] | None:
    """Return weights as an answer's meta states them."""
    return None if weights is None else asdict(weights)

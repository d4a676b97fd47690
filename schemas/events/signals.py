"""What the platform computed of a symbol, at one point in time."""

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, create_model

from schemas.events.base import Event, Record
from schemas.features import FEATURES
from schemas.values import Count, Interval, Micros, Name, NonNegative, Positive, Symbol

if TYPE_CHECKING:

    class FeatureVector(Record):
        """One double for each feature of the catalogue, in its order; NaN where it is not known yet."""

        def __init__(self, **values: float) -> None: ...
        def __getattr__(self, name: str) -> float: ...

else:
    _fields: dict[str, Any] = {field.name: (float, Field(description=field.meaning)) for field in FEATURES}
    FeatureVector = create_model("FeatureVector", __base__=Record, __module__=__name__, **_fields)
    FeatureVector.__doc__ = "One double for each feature of the catalogue, in its order; NaN where it is not known yet."


class FeaturesComputed(Event):
    """The features of a symbol at the end of a bar, from what was available then."""

    TYPE: ClassVar[str] = "signals.features"

    id: str
    symbol: Symbol
    interval: Interval
    start: Micros = Field(description="start of the bar")
    as_of: Micros = Field(description="end of the bar")
    available_at: Micros = Field(description="time of the decision: what was available later is not in here")
    bar_id: str
    source: Name = Field(description="source of the bar")
    price: Positive = Field(description="close of the bar, as traded")
    volume: NonNegative
    feature_set: Name
    missing: tuple[str, ...] = Field(default=(), description="inputs that had fallen silent, and history that is too short")
    inputs: tuple[str, ...] = Field(default=(), description="ids of what was folded in since the symbol's features before")
    synthetic: bool = Field(default=False, description="true: synthetic news or posts are among the inputs so far")
    bars_seen: Count = Field(description="bars of this series folded so far")
    raw: FeatureVector
    normalised: FeatureVector

    def identity(self) -> str:
        return self.id

    def occurred_at(self) -> int:
        return self.as_of

    def key(self) -> bytes:
        return self.symbol.encode()

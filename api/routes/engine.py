"""The engine: features in, explained recommendations out. Nothing is stored."""

import asyncio
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

import orjson
from pydantic import Field, create_model, model_validator
from starlette.responses import Response

from api.envelope import listed
from api.errors import Detail, InvalidRequestError
from api.operation import Call, Operation
from api.parameters import Input, IntervalText, SourceName, Time
from api.ports import SeriesRange
from api.rendering import shown_event
from api.responses.recommendations import GeneratedList
from api.services import Services
from api.weights import WeightsBody, shown_weights
from projections.views.features import FeatureRow
from schemas.events.signals import FeaturesComputed, FeatureVector
from schemas.features import FEATURE_NAMES, FEATURE_SET, FEATURES
from schemas.ids import derived_id
from schemas.values import Positive, Symbol, interval_us

INPUTS_MAX = 50
_OF_REQUEST = "request"
_NOT_KNOWN = float("nan")

if TYPE_CHECKING:

    class GivenFeatures(Input):
        """Features by name; one that is left out or null is not known."""

else:
    _fields = {feature.name: (float | None, Field(default=None, description=feature.meaning)) for feature in FEATURES}
    GivenFeatures = create_model("GivenFeatures", __base__=Input, __module__=__name__, **_fields)
    GivenFeatures.__doc__ = "Features by name; one that is left out or null is not known."


class FeaturesInput(Input):
    """What to judge: the newest stored features of a symbol, or, with price, raw and normalised, the features given."""

    symbol: Symbol
    interval: IntervalText = "1d"
    source: SourceName | None = Field(default=None, description="of stored features: one source; of given ones: their origin")
    as_of: Time | None = Field(default=None, description="end of the bar; now where it is left out")
    price: Positive | None = Field(default=None, description="close of the bar")
    raw: GivenFeatures | None = Field(default=None, description="as computed")
    normalised: GivenFeatures | None = Field(default=None, description="as rolling z-scores; what the model judges")
    missing: tuple[SourceName, ...] = Field(default=(), max_length=20, description="inputs that are known to be missing")
    synthetic: bool = Field(default=False, description="true: synthetic news or posts are among the inputs")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        stated = [name for name in ("price", "raw", "normalised") if getattr(self, name) is not None]
        if stated and len(stated) < 3:  # noqa: PLR2004  (all of them)
            raise ValueError(f"expected price, raw and normalised together, found {' and '.join(stated)}")
        if not stated and self.as_of is not None:
            raise ValueError("expected as_of with given features only, found it without price, raw and normalised")
        return self

    @property
    def given(self) -> bool:
        """Return whether the features are in the request."""
        return self.raw is not None


class EngineBody(Input):
    """One symbol by name, or a list of what to judge; and whose weights to judge it by."""

    symbol: Symbol | None = None
    interval: IntervalText = "1d"
    source: SourceName | None = None
    features: tuple[FeaturesInput, ...] | None = Field(default=None, max_length=INPUTS_MAX, description="at least one")
    weights: WeightsBody | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.symbol is None) == (not self.features):
            raise ValueError(f"expected either symbol or features, found {'neither' if self.symbol is None else 'both'}")
        return self

    def inputs(self) -> tuple[FeaturesInput, ...]:
        """Return what to judge, in order."""
        if self.features:
            return self.features
        return (FeaturesInput(symbol=self.symbol or "", interval=self.interval, source=self.source),)


async def generate_recommendations(services: Services, call: Call) -> Response:
    """Answer a recommendation for each input; where one cannot be judged, none is, and each reason is told."""
    body: EngineBody = call.body
    found = await asyncio.gather(*(_features(services, wanted, call.now) for wanted in body.inputs()))
    problems, events = [], []
    for index, (wanted, features) in enumerate(zip(body.inputs(), found, strict=True)):
        if features is None:
            reason: str | None = f"expected a symbol with features at {wanted.interval}, found none stored"
        else:
            reason = services.engine.refusal(features)
            events.append(features)
        if reason is not None:
            problems.append(Detail(f"features.{index}" if body.features else "symbol", "body", reason))
    if problems:
        raise InvalidRequestError(problems)
    weights = None if body.weights is None else body.weights.wanted()
    made = await services.engine.recommend(events, weights)
    shown = [shown_event(event, call.now, features=True) for event in made]
    return listed(shown, call.now, weights=shown_weights(weights))


async def _features(services: Services, wanted: FeaturesInput, now: int) -> FeaturesComputed | None:
    if wanted.given:
        return _given(wanted, now)
    rows = await services.series.features(SeriesRange(wanted.symbol, wanted.interval, None, None, 1, wanted.source))
    return _stored(rows[-1]) if rows else None


def _stored(row: FeatureRow) -> FeaturesComputed:
    return FeaturesComputed(
        id=row.id,
        symbol=row.symbol,
        interval=row.interval,
        start=row.start,
        as_of=row.timestamp,
        available_at=row.available_at,
        bar_id=row.bar_id,
        source=row.source,
        price=row.price,
        volume=row.volume,
        feature_set=row.feature_set,
        missing=row.missing,
        inputs=row.inputs,
        synthetic=row.synthetic,
        bars_seen=row.bars_seen,
        raw=FeatureVector(**row.raw),
        normalised=FeatureVector(**row.normalised),
    )


def _given(wanted: FeaturesInput, now: int) -> FeaturesComputed:
    """Return given features as an event; the same features have the same id, and so has what is made of them."""
    as_of = now if wanted.as_of is None else wanted.as_of
    stated = sha256(orjson.dumps(wanted.model_dump(), option=orjson.OPT_SORT_KEYS)).hexdigest()
    identity = derived_id(FeaturesComputed.TYPE, _OF_REQUEST, as_of, stated)
    return FeaturesComputed(
        id=identity,
        symbol=wanted.symbol,
        interval=wanted.interval,
        start=as_of - interval_us(wanted.interval),
        as_of=as_of,
        available_at=as_of,
        bar_id=identity,
        source=wanted.source or _OF_REQUEST,
        price=wanted.price or _NOT_KNOWN,
        volume=0.0,
        feature_set=FEATURE_SET,
        missing=wanted.missing,
        synthetic=wanted.synthetic,
        bars_seen=0,
        raw=_vector(wanted.raw),
        normalised=_vector(wanted.normalised),
    )


def _vector(given: GivenFeatures | None) -> FeatureVector:
    values: dict[str, Any] = {} if given is None else given.model_dump()
    return FeatureVector(**{name: _NOT_KNOWN if values.get(name) is None else values[name] for name in FEATURE_NAMES})


OPERATIONS = (
    Operation(
        name="generateRecommendations",
        path="/recommendations",
        summary="Judge features now",
        description=(
            "Takes the newest stored features of a symbol, or features given as numbers, and answers what the model makes of "
            "them, explained, with the caller's weights or the platform's. Nothing is stored. If one input cannot be judged, "
            "none is."
        ),
        tag="engine",
        method="POST",
        handler=generate_recommendations,
        body=EngineBody,
        answer=GeneratedList,
        errors=(503,),
    ),
)

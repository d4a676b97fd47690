"""One made-up event of each kind: what the golden samples are written from, and the examples in the AsyncAPI document.

Every field has a value other than its default, and values that are easily broken on the way are among them:
NaN, text beyond ASCII, bytes that are no text, a missing key.
"""

import math

from schemas.events.base import Event
from schemas.events.market import BarClosed, ClockAdvanced, CorporateAction, NewsPublished, SocialPostPublished, Tick
from schemas.events.operations import DeadLetter, Header
from schemas.events.recommendations import FamilyOpinion, HeldBack, Probabilities, RecommendationMade
from schemas.events.signals import FeaturesComputed, FeatureVector
from schemas.features import FEATURE_NAMES, FEATURE_SET
from schemas.ids import derived_id
from schemas.values import parse_time

_OPEN = parse_time("2013-09-03T14:30:00Z")
_CLOSE = parse_time("2013-09-03T14:31:00Z")
_KNOWN = parse_time("2013-09-03T14:31:05.250000Z")
_RECORDING = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_BAR_ID = derived_id("market.bar", "futures", "ESU13", "1m", _OPEN, 1)
_FEATURES_ID = derived_id("signals.features", _BAR_ID)


def samples() -> tuple[Event, ...]:
    """Return one event of each kind, the same on every call."""
    return (*_market_data(), *_stories(), _features(), _recommendation(), _dead_letter())


def _vector(scale: float) -> FeatureVector:
    """Values that binary fractions hold exactly; the last feature is not known yet."""
    values = {name: scale * (at - 8) for at, name in enumerate(FEATURE_NAMES)}
    return FeatureVector(**{**values, FEATURE_NAMES[-1]: math.nan})


def _market_data() -> tuple[Event, ...]:
    return (
        Tick(
            event_time=_OPEN + 1,
            price=1644.25,
            size=3.0,
            price_eligible=False,
            sequence=305_809,
            symbol="ESU13",
            source="futures",
            recording=_RECORDING,
            conditions="late",
        ),
        ClockAdvanced(source="idle/market.news", at=_CLOSE, reason="idle", symbols=("ESU13", "BRK.B")),
        BarClosed(
            id=_BAR_ID,
            symbol="ESU13",
            interval="1m",
            start=_OPEN,
            end=_CLOSE,
            open=1644.25,
            high=1645.0,
            low=1643.75,
            close=1644.5,
            volume=1_250.0,
            vwap=1644.375,
            trades=411,
            revision=1,
            origin_kind="built",
            source="futures",
            available_at=_KNOWN,
            inputs=(f"futures/{_RECORDING}/305398", f"futures/{_RECORDING}/305809"),
        ),
        CorporateAction(
            id=derived_id("market.action", "daily", "AAPL", "split", parse_time("2005-02-28T00:00:00Z")),
            symbol="AAPL",
            kind="split",
            effective_at=parse_time("2005-02-28T00:00:00Z"),
            ratio=2.0,
            amount=0.5,
            available_at=parse_time("2005-02-11T00:00:00Z"),
            source="daily",
        ),
    )


def _stories() -> tuple[Event, ...]:
    return (
        NewsPublished(
            id=derived_id("market.news", "wire", "n-1", "AAPL"),
            item_id="n-1",
            symbol="AAPL",
            source="wire",
            headline="Zürich: orders “well above” guidance",
            summary="A made-up item, for demonstration.",
            url="https://news.example/items/n-1",
            published_at=_OPEN,
            available_at=_KNOWN,
            synthetic=True,
        ),
        SocialPostPublished(
            id=derived_id("market.social", "posts", "p-1", "AAPL"),
            item_id="p-1",
            symbol="AAPL",
            source="posts",
            platform="example",
            text="to the moon 🚀",
            reach=12_000,
            published_at=_OPEN,
            available_at=_KNOWN,
            synthetic=True,
        ),
    )


def _features() -> FeaturesComputed:
    return FeaturesComputed(
        id=_FEATURES_ID,
        symbol="ESU13",
        interval="1m",
        start=_OPEN,
        as_of=_CLOSE,
        available_at=_KNOWN,
        bar_id=_BAR_ID,
        source="futures",
        price=1644.5,
        volume=1_250.0,
        feature_set=FEATURE_SET,
        missing=("market.news",),
        inputs=(_BAR_ID,),
        synthetic=True,
        bars_seen=75,
        raw=_vector(0.5),
        normalised=_vector(0.125),
    )


def _recommendation() -> RecommendationMade:
    return RecommendationMade(
        id=derived_id("recommendations.made", _FEATURES_ID, "model"),
        symbol="ESU13",
        interval="1m",
        action="HOLD",
        confidence=0.5,
        score=0.375,
        threshold=0.5,
        decided_at=_KNOWN,
        valid_until=_KNOWN + 120_000_000,
        price=1644.5,
        source="futures",
        model_id=_RECORDING,
        features_id=_FEATURES_ID,
        feature_set=FEATURE_SET,
        synthetic=True,
        missing=("market.news",),
        probabilities=Probabilities(sell=0.125, hold=0.5, buy=0.375),
        families=(
            FamilyOpinion(name="technical", score=0.5, weight=1.0, contribution=0.5, learnt=True, present=True),
            FamilyOpinion(name="sentiment", score=-0.5, weight=0.25, contribution=-0.125, learnt=False, present=True),
        ),
        held_back=(HeldBack(reason="threshold", detail="0.375 does not pass 0.5"),),
        base_score=-0.0625,
        raw=_vector(0.5),
        normalised=_vector(0.125),
        contributions=_vector(0.03125),
        summary="HOLD ESU13: the score of 0.375 does not pass 0.5.",
        sentences=("RSI 14 of 24.5 pulls up.", "News pulls down."),
    )


def _dead_letter() -> DeadLetter:
    return DeadLetter(
        id=derived_id("operations.dead_letter", "market.ticks", 3, 41),
        topic="market.ticks",
        partition=3,
        offset=41,
        record_key=None,
        record_value=b"\x00\xff not ours",
        headers=(Header(name="ce_type", value=b"market.tick"), Header(name="trace", value=None)),
        agent="bars",
        code="undecodable",
        message="expected the leading byte 0x00, found 0x7b",
        attempts=1,
        appended_at=_KNOWN,
    )

"""One catalogue of every topic: creating them, the AsyncAPI document and the access list are generated from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.events.base import Event
from schemas.events.market import BarClosed, ClockAdvanced, CorporateAction, NewsPublished, SocialPostPublished, Tick
from schemas.events.operations import DeadLetter
from schemas.events.recommendations import RecommendationMade
from schemas.events.signals import FeaturesComputed

TICKS = "market.ticks"
BARS = "market.bars"
ACTIONS = "market.actions"
NEWS = "market.news"
SOCIAL = "market.social"
FEATURES = "signals.features"
RECOMMENDATIONS = "recommendations"
DEAD_LETTERS = "dead-letters"
CHECKPOINTS = "streams.checkpoints"

_WEEK_MS = str(7 * 24 * 3600 * 1000)


@dataclass(frozen=True)
class TopicSpec:
    """What a topic holds, how it is keyed and how long it is kept. Topics that share a key share their partition count."""

    name: str
    key: str
    events: tuple[type[Event], ...]
    doc: str
    config: Mapping[str, str] = field(default_factory=lambda: {"retention.ms": "-1", "message.timestamp.type": "LogAppendTime"})


_COMPACTED = {"cleanup.policy": "compact", "segment.ms": "600000", "min.cleanable.dirty.ratio": "0.2", "segment.bytes": "67108864"}

TOPICS: Mapping[str, TopicSpec] = {
    spec.name: spec
    for spec in (
        TopicSpec(
            TICKS,
            "symbol",
            (Tick, ClockAdvanced),
            "Trades as they arrive, and how far each source has told; kept 7 days after arrival.",
            {"retention.ms": _WEEK_MS, "message.timestamp.type": "LogAppendTime"},
        ),
        TopicSpec(BARS, "symbol", (BarClosed,), "Bars, built from ticks or a vendor's, and their revisions."),
        TopicSpec(ACTIONS, "symbol", (CorporateAction, ClockAdvanced), "Splits and dividends."),
        TopicSpec(NEWS, "symbol", (NewsPublished, ClockAdvanced), "News, one event for each symbol of an item."),
        TopicSpec(SOCIAL, "symbol", (SocialPostPublished, ClockAdvanced), "Social posts, one event for each symbol of a post."),
        TopicSpec(FEATURES, "symbol", (FeaturesComputed,), "Features at the decision intervals."),
        TopicSpec(RECOMMENDATIONS, "symbol", (RecommendationMade,), "Recommendations, every HOLD too."),
        TopicSpec(DEAD_LETTERS, "original key", (DeadLetter,), "What could not be processed, with its bytes and its place."),
        TopicSpec(CHECKPOINTS, "agent/partition/…", (), "State and next offsets of each stream partition; internal.", _COMPACTED),
    )
}

"""The recordings as the demo tells them: what installed packages contain, and the synthetic sample of news and posts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.events.market import BarClosed, CorporateAction, NewsPublished, SocialPostPublished
from streams.sources.tick_feed import TickParser


@dataclass(frozen=True)
class Story:
    """Daily bars of stocks, and what is known and said about them."""

    source: str
    recording: str
    bars: Sequence[BarClosed]
    actions: Sequence[CorporateAction]
    news: Sequence[NewsPublished]
    posts: Sequence[SocialPostPublished]
    side_sources: Mapping[str, str]
    """By topic."""
    side_recordings: Mapping[str, str]
    """By topic."""


@dataclass(frozen=True)
class TickRecording:
    """Trades of one symbol in the order of time."""

    source: str
    recording: str
    symbol: str
    parse: TickParser

"""The recordings as the demo tells them: what installed packages contain, and the synthetic sample of news and posts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import distribution
from importlib.resources import as_file, files
from pathlib import Path

from schemas.codec import Codec
from schemas.events.market import BarClosed, CorporateAction, NewsPublished, SocialPostPublished
from schemas.ids import derived_id
from schemas.topics import ACTIONS, NEWS, SOCIAL
from schemas.values import to_micros
from streams.sources.event_feed import EventFeed
from streams.sources.files import FileOptions, open_file
from streams.sources.tick_feed import TickFeed, TickParser


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


def load_story(codec):
    path = Path(str(distribution("bokeh_sampledata").locate_file("bokeh_sampledata/_data/stocks.csv.gz")))
    f = open_file(path, FileOptions("bars", "csv", "bokeh-sampledata"), codec).feed
    s = files("autotrader.demo") / "sample"
    n = open_file(Path(str(s / "news.jsonl")), FileOptions("news", "jsonl", "synthetic-sample"), codec).feed
    p = open_file(Path(str(s / "social.jsonl")), FileOptions("social", "jsonl", "synthetic-sample"), codec).feed
    dec = lambda feed: [codec.decode(e.value) for e in feed.events]

    def split(symbol, day):
        at = to_micros(datetime.fromisoformat(day).replace(tzinfo=UTC))
        return CorporateAction(id=derived_id("market.action", "bokeh-sampledata", symbol, "split", at), symbol=symbol, kind="split",
            effective_at=at, ratio=2.0, available_at=at, source="bokeh-sampledata")
    actions = [split("AAPL", "2000-06-21"), split("AAPL", "2005-02-28"), split("MSFT", "2003-02-18")]
    return Story("bokeh-sampledata", f.recording, dec(f), actions, dec(n), dec(p),
        {ACTIONS: "bokeh-sampledata", NEWS: "synthetic-sample", SOCIAL: "synthetic-sample"},
        {ACTIONS: derived_id("splits", f.recording), NEWS: n.recording, SOCIAL: p.recording})


def load_ticks(codec):
    path = Path(str(distribution("mlfinpy").locate_file("mlfinpy/dataset/data/tick_data.csv")))
    f = open_file(path, FileOptions("ticks", "csv", "mlfinpy", symbol="ES", timezone="America/Chicago"), codec).feed
    return TickRecording("mlfinpy", f.recording, "ES", f.parse)

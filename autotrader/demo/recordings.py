"""The recordings as the demo tells them: what installed packages contain, and the synthetic sample of news and posts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Protocol, TypeVar

from autotrader.recordings import daily_recording
from schemas.codec import Codec
from schemas.events.market import BarClosed, CorporateAction, NewsPublished, SocialPostPublished
from schemas.ids import derived_id
from schemas.topics import ACTIONS, NEWS, SOCIAL
from streams.sources.columns import Kind
from streams.sources.event_feed import EventFeed
from streams.sources.files import FileOptions, open_file
from streams.sources.tick_feed import TickParser

SAMPLE_SOURCE = "synthetic-sample"
_Item = TypeVar("_Item", NewsPublished, SocialPostPublished)


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


class TickRecording(Protocol):
    """Trades of one symbol in the order of time."""

    @property
    def source(self) -> str:
        """Who recorded them."""

    @property
    def recording(self) -> str:
        """SHA-256 of the file."""

    @property
    def symbol(self) -> str:
        """The symbol of all of them."""

    @property
    def parse(self) -> TickParser:
        """Return what reads them from the first on, as often as it is called."""


def read_story(codec: Codec) -> Story:
    """Read the daily recording and the sample; RecordingError where the recording is missing."""
    daily = daily_recording()
    news, news_recording = _sample("news", NewsPublished, codec)
    posts, posts_recording = _sample("social", SocialPostPublished, codec)
    return Story(
        daily.source,
        daily.recording,
        daily.bars,
        daily.splits,
        news,
        posts,
        {ACTIONS: daily.source, NEWS: SAMPLE_SOURCE, SOCIAL: SAMPLE_SOURCE},
        {ACTIONS: derived_id("splits", daily.recording), NEWS: news_recording, SOCIAL: posts_recording},
    )


def _sample(kind: Kind, event_type: type[_Item], codec: Codec) -> tuple[list[_Item], str]:
    """Return the items of the sample and the SHA-256 of their file, read as any file of news is."""
    with as_file(files("autotrader.demo") / "sample" / f"{kind}.jsonl") as path:
        opened = open_file(path, FileOptions(kind, "jsonl", SAMPLE_SOURCE), codec)
    if opened.bad.total or not isinstance(opened.feed, EventFeed):
        raise ValueError(f"expected a sample of good rows, found {opened.bad.first}")
    events = [codec.decode(event.value) for event in opened.feed.events]
    return [event for event in events if isinstance(event, event_type)], opened.feed.recording

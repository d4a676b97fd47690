"""A file and what was said about it, as a feed."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from schemas.codec import Codec
from schemas.events.base import Event
from schemas.events.market import BarClosed, CorporateAction, NewsPublished, SocialPostPublished, Tick
from schemas.topics import ACTIONS, BARS, NEWS, SOCIAL, TICKS
from schemas.values import SYMBOL_PATTERN, interval_us, iso
from streams.sources.blocks import BLOCKS, Shape
from streams.sources.columns import COLUMNS, Kind, given_by_option
from streams.sources.event_feed import EventFeed, Rendered, render
from streams.sources.problems import BadRow, BadRowError, BadRows, FileRefusedError
from streams.sources.records import Feed
from streams.sources.rows import ROWS
from streams.sources.tables import TableReading, events_of
from streams.sources.tick_feed import TickFeed, scan_ticks
from streams.sources.ticks import VOLUME_ONLY, TickReading, TickRows, read_ticks
from streams.sources.times import TimeReading, zone_named

Format = Literal["csv", "jsonl", "parquet"]
TOPIC_OF: Mapping[Kind, str] = {"ticks": TICKS, "bars": BARS, "actions": ACTIONS, "news": NEWS, "social": SOCIAL}
EVENT_OF: Mapping[Kind, type[Event]] = {
    "ticks": Tick,
    "bars": BarClosed,
    "actions": CorporateAction,
    "news": NewsPublished,
    "social": SocialPostPublished,
}
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
Told = Callable[[int], None]
"""Hears how many rows are read."""


@dataclass(frozen=True, slots=True)
class FileOptions:
    """What is said about a file."""

    kind: Kind
    format: Format
    source: str
    symbol: str | None = None
    timezone: str | None = None
    time_format: str | None = None
    interval: str = "1d"
    delay_us: int = 0
    until: int | None = None
    volume_only: frozenset[str] = VOLUME_ONLY
    header: tuple[str, ...] | None = None

    def remembered(self) -> dict[str, str]:
        """Return what decides how rows become events: a repeated ingest has to be asked for with the same."""
        told = {"kind": self.kind, "symbol": self.symbol, "timezone": self.timezone, "time-format": self.time_format}
        if self.kind == "bars":
            told |= {"interval": self.interval, "delay": str(self.delay_us)}
        if self.kind == "ticks" and self.volume_only != VOLUME_ONLY:
            told |= {"volume-only": ",".join(sorted(self.volume_only))}
        return {name: value for name, value in told.items() if value}

    def check(self) -> None:
        """Raise FileRefusedError where an option cannot be meant."""
        if not _SOURCE.fullmatch(self.source):
            raise FileRefusedError(f"expected a source of 1 to 64 letters, digits, dots, dashes, found {self.source!r}")
        if self.symbol is not None and not re.fullmatch(SYMBOL_PATTERN, self.symbol):
            raise FileRefusedError(f"expected a symbol such as AAPL, found {self.symbol!r}")
        try:
            interval_us(self.interval)
        except ValueError as error:
            raise FileRefusedError(str(error)) from error


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file that was read once: what can be told of it, and what was left out."""

    feed: Feed
    bad: BadRows
    left_alone: tuple[str, ...] = field(default=())


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes: the identity of a recording."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def open_file(path: Path, options: FileOptions, codec: Codec, topic: str | None = None, told: Told = lambda _: None) -> OpenedFile:
    """Read a file once and return it as a feed; FileRefusedError where nothing of it can be used."""
    options.check()
    recording = sha256_of(path)
    shape = Shape(COLUMNS[options.kind], given_by_option(options.kind, options.symbol), options.header)
    opened = (_ticks if options.kind == "ticks" else _table)(path, options, recording, shape, codec, topic, told)
    extent = opened.feed.extent
    if options.until is not None and extent.events and options.until < extent.ends_at:
        raise FileRefusedError(f"expected --until at or after the last event, {iso(extent.ends_at)}, found {iso(options.until)}")
    return opened


def tick_parser(path: Path, options: FileOptions) -> Callable[[], Iterator[tuple[TickRows, list[BadRow]]]]:
    """Return a reader of a file of trades that can be called again and again."""
    shape = Shape(COLUMNS["ticks"], given_by_option("ticks", options.symbol), options.header)
    times = TimeReading(zone_named(options.timezone), options.time_format)
    reading = TickReading(times, options.symbol, options.volume_only)
    unchanged = _Unchanged(path)

    def parse() -> Iterator[tuple[TickRows, list[BadRow]]]:
        for block in BLOCKS[options.format](path, shape):
            unchanged.check()
            yield read_ticks(block, reading)

    return parse


def _ticks(
    path: Path, options: FileOptions, recording: str, _shape: Shape, codec: Codec, topic: str | None, told: Told
) -> OpenedFile:
    parse = tick_parser(path, options)
    scan = scan_ticks(parse, told)
    feed = TickFeed(
        options.source,
        recording,
        parse,
        scan,
        codec.schema_id(Tick.TYPE),
        topic or TICKS,
        options.remembered(),
        until=options.until,
    )
    return OpenedFile(feed, scan.bad)


def _table(
    path: Path, options: FileOptions, recording: str, shape: Shape, codec: Codec, topic: str | None, told: Told
) -> OpenedFile:
    times = TimeReading(zone_named(options.timezone), options.time_format)
    reading = TableReading(options.source, recording, times, options.symbol, options.interval, options.delay_us)
    bad = BadRows()
    events: list[Rendered] = []
    known: set[str] = set()
    for entry in ROWS[options.format](path, shape):
        if isinstance(entry, BadRow):
            bad.add([entry])
            continue
        line, row = entry
        try:
            made = [render(event, codec) for event in events_of(options.kind, row, line, reading)]
            _refuse_known(made, known)
        except BadRowError as error:
            bad.add([BadRow(line, error.column, error.reason)])
            continue
        events.extend(made)
        told(len(events))
    events.sort(key=lambda event: event.available_at)
    feed = EventFeed(
        options.source,
        recording,
        topic or TOPIC_OF[options.kind],
        EVENT_OF[options.kind].TYPE,
        events,
        options.remembered(),
        options.until,
        bad.total,
    )
    return OpenedFile(feed, bad)


def _refuse_known(made: Iterable[Rendered], known: set[str]) -> None:
    for event in made:
        if event.identity in known:
            raise BadRowError("", f"expected each event once, found {event.key.decode()} of {iso(event.occurred_at)} again")
    known.update(event.identity for event in made)


class _Unchanged:
    """Notices that a file is not the one that was begun with."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._signature = self._now()

    def check(self) -> None:
        if self._now() != self._signature:
            raise FileRefusedError(f"expected {self._path} to stay as it is while it is read; it was changed")

    def _now(self) -> tuple[int, int, int]:
        found = os.stat(self._path)  # noqa: PTH116  # once for each block
        return found.st_ino, found.st_size, found.st_mtime_ns

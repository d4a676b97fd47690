"""Real recordings that installed packages contain: daily bars of five US stocks, and half a million trades of a future.

The packages are located, never imported: one of them pins what we do not want, the other reads all of its data on import.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from schemas.events.market import BarClosed, CorporateAction
from schemas.ids import derived_id
from schemas.values import iso
from streams.sources.blocks import Shape, open_bytes
from streams.sources.columns import COLUMNS
from streams.sources.files import FileOptions, sha256_of, tick_parser
from streams.sources.problems import BadRow
from streams.sources.rows import csv_rows
from streams.sources.tables import TableReading, events_of
from streams.sources.tick_feed import TickParser
from streams.sources.times import TimeReading, parse_time

DAILY_SOURCE = "bokeh-sampledata"
TICKS_SOURCE = "mlfinpy"
TICKS_SYMBOL = "ES"
"""The file names no instrument; prices and hours are those of the S&P 500 E-mini future."""
TICKS_ZONE = "America/Chicago"
"""Of the file's times, which name no zone: taken for the exchange's (CME), whose session begins at 17:00 as the file does."""

KNOWN_SPLITS: Mapping[tuple[str, str], float] = {
    ("AAPL", "2000-06-21"): 2.0,
    ("AAPL", "2005-02-28"): 2.0,
    ("MSFT", "2003-02-18"): 2.0,
}
"""What the companies announced, within the recording: what the adjusted closes say is compared with it."""

_LARGEST_DIVIDEND = 0.15
"""No dividend is as large a share of the price: a larger step of the adjustment is a split."""
_SPLIT_TOLERANCE = 0.02


class RecordingError(RuntimeError):
    """A recording is not installed, or not the one that is expected."""


@dataclass(frozen=True)
class DailyRecording:
    """Daily bars as traded, in the order of the file, and the splits between them."""

    source: str
    recording: str
    """SHA-256 of the file."""
    bars: Sequence[BarClosed]
    splits: Sequence[CorporateAction]


@dataclass(frozen=True)
class RecordedTicks:
    """Trades of one symbol, in the order of time."""

    source: str
    recording: str
    symbol: str
    zone: str
    path: Path

    @cached_property
    def parse(self) -> TickParser:
        """Return what reads the trades from the first on, as often as it is called."""
        return tick_parser(self.path, FileOptions("ticks", "csv", self.source, symbol=self.symbol, timezone=self.zone))


def daily_recording() -> DailyRecording:
    """Read the daily bars; RecordingError where they are missing, or their splits are not those that are known."""
    path = _installed("bokeh_sampledata", "_data/stocks.csv.gz")
    recording = sha256_of(path)
    reading = TableReading(DAILY_SOURCE, recording, TimeReading())
    bars: list[BarClosed] = []
    for entry in csv_rows(path, Shape(COLUMNS["bars"])):
        if isinstance(entry, BadRow):
            raise RecordingError(f"expected good bars in {path.name}, found {entry.reason} in line {entry.line}")
        bars += cast("list[BarClosed]", events_of("bars", entry[1], entry[0], reading))
    splits = [_split(*found) for found in _splits(_adjusted(path))]
    found_splits = {(split.symbol, iso(split.effective_at)[:10]): split.ratio for split in splits}
    if found_splits != KNOWN_SPLITS:
        raise RecordingError(f"expected the splits {dict(KNOWN_SPLITS)}, found {found_splits} in the adjusted closes")
    return DailyRecording(DAILY_SOURCE, recording, tuple(bars), tuple(splits))


def recorded_ticks() -> RecordedTicks:
    """Return the trades; RecordingError where they are missing."""
    path = _installed("mlfinpy", "dataset/data/tick_data.csv")
    return RecordedTicks(TICKS_SOURCE, sha256_of(path), TICKS_SYMBOL, TICKS_ZONE, path)


def _installed(package: str, name: str) -> Path:
    spec = find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        if (path := Path(folder) / name).is_file():
            return path
    raise RecordingError(f"expected {name} of the package {package}, found none: install the project's dependencies")


@dataclass(frozen=True, slots=True)
class _Close:
    symbol: str
    day: str
    raw: float
    adjusted: float


def _adjusted(path: Path) -> Iterator[_Close]:
    """Yield raw and adjusted closes, by symbol and day as in the file."""
    with open_bytes(path) as stream:
        for row in csv.DictReader(io.TextIOWrapper(io.BytesIO(stream.read()), "utf-8", newline="")):
            yield _Close(row["Ticker"], row["Date"], float(row["Close"]), float(row["Adj Close"]))


def _splits(closes: Iterator[_Close]) -> Iterator[tuple[str, str, float]]:
    """Yield symbol, ex-date and ratio of each split: days on which the adjustment steps by more than any dividend does."""
    before: dict[str, _Close] = {}
    for close in closes:
        last = before.get(close.symbol)
        before[close.symbol] = close
        if last is None:
            continue
        step = (close.adjusted / close.raw) / (last.adjusted / last.raw)
        ratio = float(round(step)) if step > 1 else 1 / round(1 / step)
        if abs(step - 1) > _LARGEST_DIVIDEND and abs(step / ratio - 1) < _SPLIT_TOLERANCE:
            yield close.symbol, close.day, ratio


def _split(symbol: str, day: str, ratio: float) -> CorporateAction:
    effective_at = parse_time(day, TimeReading(), "utc_day")
    return CorporateAction(
        id=derived_id(CorporateAction.TYPE, DAILY_SOURCE, symbol, "split", effective_at),
        symbol=symbol,
        kind="split",
        effective_at=effective_at,
        ratio=ratio,
        available_at=effective_at,
        source=DAILY_SOURCE,
    )

"""The models of the demo: trained on the past of what is replayed, once; later runs find them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from autotrader.demo.built_bars import build_bars
from autotrader.demo.plan import DAILY, MINUTE, first_session
from autotrader.demo.recordings import Story, TickRecording
from models.artifacts import current, set_current
from models.features.engine import BarColumns
from schemas.codec import Codec
from schemas.events.market import BarClosed, CorporateAction
from schemas.values import interval_us, to_micros
from streams.bars.settings import BarsSettings

INTERVALS = (DAILY, MINUTE)
DAILY_UNTIL = to_micros(datetime(2010, 1, 1, tzinfo=UTC))
"""The daily model sees no bar that ends later."""

Progress = Callable[[str, float], None]
"""Told what is being done and which share of it is."""


@dataclass(frozen=True, slots=True)
class Trained:
    """Which artefact serves which interval, and how long it took to make those that were missing."""

    models: Mapping[str, str]
    seconds: float


def ensure_models(
    folder: Path,
    story: Callable[[], Story],
    ticks: Callable[[], TickRecording],
    codec: Codec,
    lateness_us: int,
    progress: Progress,
) -> Trained:
    """Train what no artefact serves yet; the recordings are asked for only then."""
    began = time.monotonic()
    missing = [interval for interval in INTERVALS if interval not in current(folder)]
    if DAILY in missing:
        given = story()
        _train(folder, DAILY, daily_history(given.bars), given.actions, progress)
    if MINUTE in missing:
        _train(folder, MINUTE, minute_history(ticks(), codec, lateness_us), [], progress)
    seconds = time.monotonic() - began if missing else 0.0
    return Trained({interval: current(folder)[interval] for interval in INTERVALS}, seconds)


def daily_history(bars: Sequence[BarClosed]) -> list[BarClosed]:
    """Return the daily bars that training may see."""
    return [bar for bar in bars if bar.end <= DAILY_UNTIL]


def minute_history(recording: TickRecording, codec: Codec, lateness_us: int) -> list[BarClosed]:
    """Return the minute bars of the first session of a recording."""
    blocks = [rows for rows, _ in recording.parse()]
    left = first_session(np.concatenate([rows.event_time for rows in blocks]))
    chosen = []
    for rows in blocks:
        chosen.append(rows.part(slice(0, left)))
        left = max(0, left - len(rows.sequence))
    chosen = [rows for rows in chosen if len(rows.sequence)]
    minute = interval_us(MINUTE)
    last_end = (int(chosen[-1].event_time[-1]) // minute + 1) * minute
    settings = BarsSettings(intervals=(MINUTE,), lateness_us=lateness_us)
    return build_bars(chosen, codec, settings, source=recording.source, recording=recording.recording, until=last_end + lateness_us)


def columns_of(bars: Sequence[BarClosed]) -> dict[str, BarColumns]:
    """Return bars by symbol, column by column, in the order of time."""
    by_symbol: dict[str, list[BarClosed]] = {}
    for bar in sorted(bars, key=lambda bar: bar.end):
        by_symbol.setdefault(bar.symbol, []).append(bar)
    return {
        symbol: BarColumns(*(np.array([getattr(bar, field.name) for bar in own]) for field in fields(BarColumns)))
        for symbol, own in by_symbol.items()
    }


def _train(folder: Path, interval: str, bars: Sequence[BarClosed], actions: Sequence[CorporateAction], progress: Progress) -> None:
    from models.training.config import TrainingConfig  # noqa: PLC0415  # libraries that a second start does not need
    from models.training.train import train  # noqa: PLC0415

    ref = train(columns_of(bars), list(actions), TrainingConfig(interval), folder, progress)
    set_current(folder, interval, ref.id)

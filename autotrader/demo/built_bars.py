"""Bars of recorded ticks, built by the very fold that builds them in the stream: training sees what decisions will see."""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.codec import Codec
from schemas.events.market import BarClosed, ClockAdvanced, Tick
from schemas.headers import Headers
from schemas.topics import TICKS
from streams.bars.fold import BarsFold
from streams.bars.settings import BarsSettings
from streams.dead_letters import DeadLetterOffice
from streams.sources.records import Record, record_of
from streams.sources.ticks import TickRenderer, TickRows

_APPENDED_MS = 253_402_300_000_000 // 1000 * 1000
"""The append time of records that were never appended: late enough for nothing to lie in its future."""


@dataclass(frozen=True, slots=True)
class UnsentRecord:
    """A record as a consumer would hand it out, had it been sent."""

    key: bytes | None
    value: bytes | None
    headers: Headers
    offset: int
    timestamp: int = _APPENDED_MS


def build_bars(
    blocks: Iterable[TickRows], codec: Codec, settings: BarsSettings, *, source: str, recording: str, until: int
) -> list[BarClosed]:
    """Return the bars of all ticks, the source having told everything up to a time (microseconds since the Unix epoch).

    ValueError where a tick is refused: a recording that trains has none to be refused.
    """
    fold = BarsFold(codec, DeadLetterOffice(codec, "bars", 0), settings)
    renderer = TickRenderer(codec.schema_id(Tick.TYPE), source, recording, 1)
    offset = 0
    for rows in blocks:
        offset = _fold(fold, renderer.records(rows), offset)
    _fold(fold, [record_of(ClockAdvanced(source=source, at=until, reason="ended"), codec, 0)], offset)
    if fold.counts.dead_letters:
        raise ValueError(f"expected ticks that build bars, found {dict(fold.counts.dead_letters)} refused")
    events = [codec.decode(output.value) for output in fold.drain().outputs]
    return [event for event in events if isinstance(event, BarClosed)]


def _fold(fold: BarsFold, records: Iterable[Record], offset: int) -> int:
    unsent = [UnsentRecord(key, value, headers, offset + place) for place, (value, key, _, headers) in enumerate(records)]
    fold.apply(TICKS, unsent)
    return offset + len(unsent)

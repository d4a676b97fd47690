"""Bars, corporate actions, news and posts of one partition number to features at the decision intervals."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from models.features.arrays import Floats, Integers
from models.features.engine import BarColumns, FeatureBlock, FeatureEngine
from schemas.codec import Codec
from schemas.events.market import BarClosed, ClockAdvanced, CorporateAction, NewsPublished, SocialPostPublished
from schemas.events.signals import FeaturesComputed
from schemas.features import FEATURE_NAMES, FEATURE_SET
from schemas.headers import event_headers
from schemas.ids import derived_id
from schemas.topics import ACTIONS, BARS, FEATURES, NEWS, SOCIAL
from streams.dead_letters import DeadLetterOffice
from streams.features.memory import Memory
from streams.features.merge import Ready, Side
from streams.features.series import Series
from streams.fold import Emission, InputRecord, Output
from streams.inputs import InputReader, InputSettings, Refusal

SIDE_TOPICS = (ACTIONS, NEWS, SOCIAL)
AGENT = "features"
TECHNICAL = FEATURE_NAMES.index("sentiment_score")
"""Features before this place need nothing but bars."""
INPUTS = {
    BARS: (BarClosed,),
    ACTIONS: (CorporateAction, ClockAdvanced),
    NEWS: (NewsPublished, ClockAdvanced),
    SOCIAL: (SocialPostPublished, ClockAdvanced),
}


class ScoresText(Protocol):
    """What tells the sentiment of a text: models.sentiment."""

    def score(self, text: str, /) -> float:
        """Return the sentiment of a text, -1 to 1; the same for the same text, always."""


class FeaturesFold:
    """Folds the inputs of every symbol in the order in which they became available."""

    def __init__(
        self,
        codec: Codec,
        scorer: ScoresText,
        partition: int,
        decision_intervals: Sequence[str],
        settings: InputSettings | None = None,
    ) -> None:
        self._codec = codec
        self._scorer = scorer
        self._partition = partition
        self._intervals = frozenset(decision_intervals)
        self._reader = InputReader(codec, INPUTS, settings or InputSettings())
        self._letters = DeadLetterOffice(codec, AGENT, partition)
        self._engine = FeatureEngine()
        self._memory = Memory(codec, self._engine, SIDE_TOPICS)
        self._outputs: list[Output] = []
        self._watermark: int | None = None
        self._told: Counter[str] = Counter()
        self.skipped_bars = 0
        """Bars that went not beyond the series: corrections of bars already folded, or a second source of the same window."""

    # -- fold ---------------------------------------------------------------------------------------------------------

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        self._memory.restore(state)

    def apply(self, topic: str, records: Sequence[InputRecord]) -> None:
        for record in records:
            event = self._reader.read(topic, record)
            if isinstance(event, Refusal):
                self._outputs.append(self._letters.letter(topic, record, event.code, event.message))
            elif isinstance(event, ClockAdvanced):
                self._advance(topic, event)
            elif isinstance(event, BarClosed):
                if event.interval in self._intervals:
                    self._memory.add_bar(record, event)
            elif isinstance(event, (CorporateAction, NewsPublished, SocialPostPublished)):
                self._told[topic] += 1
                self._memory.add_side(topic, record, event)
        self._fold_ready()

    def has_outputs(self) -> bool:
        return bool(self._outputs)

    def drain(self) -> Emission:
        outputs, self._outputs = self._outputs, []
        return Emission(outputs, self._memory.drain())

    def watermark(self) -> int | None:
        return self._watermark

    # -- waiting for silent inputs ------------------------------------------------------------------------------------

    def waiting_for(self) -> Mapping[str, int]:
        """Return, by side topic, up to which time something waits for it."""
        return {topic: max(symbols.values()) for topic, symbols in self._memory.merge.waiting_for().items()}

    def told(self, topic: str) -> int:
        """Return how many records and clocks of real sources a side topic has brought so far."""
        return self._told[topic]

    def declare_idle(self, topic: str, at: int) -> None:
        """State in a side topic that its sources are silent about the symbols that wait, up to a time."""
        symbols = tuple(sorted(self._memory.merge.waiting_for().get(topic, {})))
        if symbols:
            clock = ClockAdvanced(source=f"idle/{topic}", at=at, reason="idle", symbols=symbols)
            headers = event_headers(clock.TYPE, f"{clock.identity()}/{self._partition}", clock.origin(), at)
            self._outputs.append(Output(topic, clock.key(), self._codec.encode(clock), headers, self._partition))

    # -- work ---------------------------------------------------------------------------------------------------------

    def _advance(self, topic: str, clock: ClockAdvanced) -> None:
        idle = clock.reason == "idle"
        if not idle:
            self._told[topic] += 1
        self._memory.add_clock(topic, clock.at, clock.symbols, idle=idle)

    def _fold_ready(self) -> None:
        """Fold in rounds: bars of different series go through the engine together, bars of one series one after the other."""
        ready = list(self._memory.take_ready())
        while ready:
            this_round: dict[tuple[str, str], Ready] = {}
            later = []
            busy: set[str] = set()
            for item in ready:
                bar = item.bar.event
                if bar.symbol in busy:  # its sides must wait for the bar before it
                    later.append(item)
                else:
                    busy.add(bar.symbol)
                    this_round[bar.symbol, bar.interval] = item
            self._fold_round(this_round)
            ready = later

    def _fold_round(self, items: Mapping[tuple[str, str], Ready]) -> None:
        taken: list[tuple[Ready, Series]] = []
        for (symbol, interval), item in items.items():
            bar, series = item.bar.event, self._memory.series(symbol, interval)
            for side in item.sides:
                self._observe(side)
            if bar.end <= series.last_end:
                self.skipped_bars += 1
                continue
            self._adjust(series, bar)
            taken.append((item, series))
        if taken:
            bars = [item.bar.event for item, _ in taken]
            slots = np.array([series.slot for _, series in taken], np.int64)
            decided_at = np.array([item.bar.effective_at for item, _ in taken], np.int64)
            block = self._engine.update(slots, _columns(bars, decided_at))
            self._emit(taken, block)

    def _observe(self, side: Side) -> None:
        event = side.event
        symbol = self._memory.symbol(event.symbol)
        if isinstance(event, CorporateAction):
            if event.kind == "split":
                symbol.splits.append((event.effective_at, event.ratio, event.id))
                symbol.splits.sort()
        elif isinstance(event, NewsPublished):
            score = self._scorer.score(f"{event.headline}. {event.summary}" if event.summary else event.headline)
            self._engine.observe_news(event.symbol, side.effective_at, score)
            symbol.synthetic |= event.synthetic
        else:
            self._engine.observe_social(event.symbol, side.effective_at, self._scorer.score(event.text), float(event.reach))
            symbol.synthetic |= event.synthetic
        self._memory.observed(event.symbol, event.id)

    def _adjust(self, series: Series, bar: BarClosed) -> None:
        """Adjust the history of a series to the splits between its newest bar and this one, so that none looks like a crash."""
        for effective_at, ratio, _ in self._memory.symbol(bar.symbol).splits:
            if series.last_end <= effective_at <= bar.start:
                self._engine.split(series.slot, ratio)

    def _emit(self, taken: Sequence[tuple[Ready, Series]], block: FeatureBlock) -> None:
        raw, normalised, seen = block.raw.tolist(), block.normalised.tolist(), block.bars_seen.tolist()
        for row, (item, series) in enumerate(taken):
            bar = item.bar.event
            missing = [topic.removeprefix("market.") for topic in item.silent]
            if any(value != value for value in raw[row][:TECHNICAL]):  # noqa: PLR0124  # NaN: not known yet
                missing.append("history")
            record = {
                "id": derived_id(FeaturesComputed.TYPE, bar.id),
                "symbol": bar.symbol,
                "interval": bar.interval,
                "start": bar.start,
                "as_of": bar.end,
                "available_at": item.bar.effective_at,
                "bar_id": bar.id,
                "source": bar.source,
                "price": bar.close,
                "volume": bar.volume,
                "feature_set": FEATURE_SET,
                "missing": missing,
                "inputs": series.inputs,
                "synthetic": self._memory.symbol(bar.symbol).synthetic,
                "bars_seen": seen[row],
                "raw": dict(zip(FEATURE_NAMES, raw[row], strict=True)),
                "normalised": dict(zip(FEATURE_NAMES, normalised[row], strict=True)),
            }
            headers = event_headers(FeaturesComputed.TYPE, record["id"], "/autotrader/features", bar.end)
            value = self._codec.encode_record(FeaturesComputed.TYPE, record)
            self._outputs.append(Output(FEATURES, bar.symbol.encode(), value, headers))
            self._memory.folded(bar, item.bar.effective_at, series)
            if self._watermark is None or bar.end > self._watermark:
                self._watermark = bar.end


def _columns(bars: Sequence[BarClosed], decided_at: Integers) -> BarColumns:
    """Return the bars column by column; ``decided_at`` is when each counts."""

    def floats(name: str) -> Floats:
        return np.array([getattr(bar, name) for bar in bars], np.float64)

    return BarColumns(
        floats("open"),
        floats("high"),
        floats("low"),
        floats("close"),
        floats("volume"),
        floats("vwap"),
        np.array([bar.end for bar in bars], np.int64),
        decided_at,
    )

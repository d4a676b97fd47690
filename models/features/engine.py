"""Features as bars come in: the one code for the live stream, for replay and for training.

State is a struct of arrays over series (symbol, interval); one call takes a bar of each of k series. Every operation is
elementwise or a reduction over a fixed number of columns of one row, so the bits of a result do not depend on which other
series were in the call, nor on whether the state was stored and read back in between.
"""

from dataclasses import dataclass

import numpy as np

from models.features import layout, state
from models.features.arrays import Floats, Integers
from models.features.decay import DECAY_COLUMNS, LAST_AT, MICROS_PER_HOUR, add_item
from models.features.layout import CLOSE, COLUMN, COUNT, GAIN, SIGNAL
from models.features.momentum import gains_and_losses
from models.features.normalise import normalise
from models.features.sentiment import NEWS_HALF_LIFE_HOURS, news_features
from models.features.smoothing import SETTLED_AFTER, smooth, weights_by_bar
from models.features.social import SOCIAL_HALF_LIFE_HOURS, post_weight, social_features
from models.features.technical import fill_technical, warm_from
from models.features.volatility import true_range
from models.features.volume import signed_volume

Series = tuple[str, str]
"""Symbol and interval."""


@dataclass(frozen=True, slots=True)
class BarColumns:
    """One bar of each of k series, or k bars of one series: prices as traded, times in microseconds since the Unix epoch."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    vwap: Floats
    end: Integers
    available_at: Integers


@dataclass(frozen=True, slots=True)
class FeatureBlock:
    """Features of k series, one row each, columns in the order of the catalogue; NaN where not known (yet)."""

    raw: Floats
    normalised: Floats
    bars_seen: Integers


class FeatureEngine:
    """Keeps what the features of many series need, and nothing more: 2 KB a series, 80 bytes a symbol."""

    def __init__(
        self,
        news_half_life_hours: float = NEWS_HALF_LIFE_HOURS,
        social_half_life_hours: float = SOCIAL_HALF_LIFE_HOURS,
    ) -> None:
        self._half_life_us = np.array([news_half_life_hours, social_half_life_hours]) * MICROS_PER_HOUR
        self._slots: dict[Series, int] = {}
        self._symbols: dict[str, int] = {}
        self._smoothing = weights_by_bar()
        self._warm_from = warm_from()
        self._symbol_of = np.zeros(0, dtype=np.int64)
        self._window_memory = np.zeros(1)
        self._smoothed = np.zeros((0, layout.SMOOTHED_COLUMNS))
        self._normaliser = np.zeros((0, layout.NORMALISER_COLUMNS))
        self._items = np.zeros((0, 2, DECAY_COLUMNS))

    def slot(self, series: Series) -> int:
        """Return the slot of a series, an empty one where it is new."""
        slot = self._slots.get(series)
        if slot is None:
            slot = self._slots[series] = len(self._slots)
            if slot >= len(self._symbol_of):
                self._grow(max(16, 2 * slot))
            self._symbol_of[slot] = self._symbol(series[0])
        return slot

    def slots_of(self, symbol: str) -> list[int]:
        """Return the slots of every interval of a symbol."""
        return [slot for (name, _), slot in self._slots.items() if name == symbol]

    def update(self, slots: Integers, bars: BarColumns) -> FeatureBlock:
        """Fold one bar of each slot (no slot twice, positive prices) and return the features at the time of the decision."""
        windows = self._shifted.take(slots, axis=0)
        smoothed = self._smoothed.take(slots, axis=0)
        raw = np.empty((len(slots), layout.FEATURE_COUNT))
        with np.errstate(all="ignore"):  # NaN is what is not known yet; every other case is decided below
            change = bars.close - windows[:, CLOSE.newest - 1]
            self._smooth(smoothed, bars, change, windows[:, CLOSE.newest - 1])
            windows[:, layout.NEWEST] = np.stack(
                [
                    np.log(bars.close),
                    bars.close,
                    bars.high,
                    bars.low,
                    bars.volume,
                    bars.vwap * bars.volume,
                    signed_volume(change, bars.volume),
                ],
                axis=1,
            )
            fill_technical(raw, windows, smoothed)
            self._fill_items(raw, slots, bars.available_at)
            raw = np.where(smoothed[:, :1] >= self._warm_from, raw, np.nan)
            normalised = self._normalise(slots, raw, bars.close)
        self._windows[slots] = windows
        self._smoothed[slots] = smoothed
        return FeatureBlock(raw, normalised, smoothed[:, COUNT].astype(np.int64))

    def observe_news(self, symbol: str, at: int, score: float) -> None:
        """Fold a news item that became available at a time (microseconds), before any bar that is decided at or after it."""
        add_item(self._sums(symbol)[0], at, _in_range(score), 1.0, 0.0, float(self._half_life_us[0]))

    def observe_social(self, symbol: str, at: int, score: float, reach: float) -> None:
        """Fold a post that became available at a time (microseconds), before any bar that is decided at or after it."""
        weight = post_weight(reach)
        add_item(self._sums(symbol)[1], at, _in_range(score), weight, reach, float(self._half_life_us[1]))

    def split(self, slot: int, ratio: float) -> None:
        """Adjust the history of a series to a split of ``ratio`` new shares for an old one; before the bar of the ex-date."""
        if not 0.0 < ratio < float("inf"):
            raise ValueError(f"expected a positive ratio of new to old shares, found {ratio}")
        windows = self._windows[slot]
        windows[layout.LOG_CLOSE.all] -= np.log(ratio)
        for prices in (layout.CLOSE, layout.HIGH, layout.LOW):
            windows[prices.all] /= ratio
        for volumes in (layout.VOLUME, layout.SIGNED_VOLUME):
            windows[volumes.all] *= ratio
        self._smoothed[slot, GAIN:] /= ratio

    def dump(self, slot: int) -> bytes:
        """Return the state of a series (without its symbol's news and posts), 2 KB."""
        return state.pack(b"ATFS", self._windows[slot], self._smoothed[slot], self._normaliser[slot])

    def load(self, series: Series, data: bytes) -> int:
        """Take over the dumped state of a series and return its slot; StateError where the bytes are no such state."""
        parts = state.unpack(b"ATFS", data, layout.WINDOW_COLUMNS, layout.SMOOTHED_COLUMNS, layout.NORMALISER_COLUMNS)
        slot = self.slot(series)
        self._windows[slot], self._smoothed[slot], self._normaliser[slot] = parts
        return slot

    def dump_symbol(self, symbol: str) -> bytes:
        """Return the news and posts of a symbol, which all its intervals share, 88 bytes."""
        return state.pack(b"ATFN", self._sums(symbol))

    def load_symbol(self, symbol: str, data: bytes) -> None:
        """Take over the dumped news and posts of a symbol; StateError where the bytes are no such state."""
        (sums,) = state.unpack(b"ATFN", data, 2 * DECAY_COLUMNS)
        self._sums(symbol)[:] = sums.reshape(2, DECAY_COLUMNS)

    def _smooth(self, smoothed: Floats, bars: BarColumns, change: Floats, close_before: Floats) -> None:
        smoothed[:, COUNT] += 1.0
        weights = self._smoothing.take(np.minimum(smoothed[:, COUNT], SETTLED_AFTER).astype(np.int64), axis=0)
        gain, loss = gains_and_losses(change)
        ranges = true_range(bars.high, bars.low, close_before)
        values = np.stack([gain, loss, ranges, bars.close, bars.close], axis=1)
        smoothed[:, GAIN:SIGNAL] = smooth(smoothed[:, GAIN:SIGNAL], values, weights[:, : SIGNAL - GAIN])
        macd = smoothed[:, layout.FAST] - smoothed[:, layout.SLOW]
        smoothed[:, SIGNAL] = smooth(smoothed[:, SIGNAL], macd, weights[:, -1])

    def _fill_items(self, raw: Floats, slots: Integers, available_at: Integers) -> None:
        now = available_at.astype(np.float64)
        sums = self._items.take(self._symbol_of.take(slots), axis=0)
        age = np.maximum(now[:, None] - sums[:, :, LAST_AT], 0.0)
        fade = np.where(age >= 0.0, np.exp2(-age / self._half_life_us), 1.0)  # NaN: no item yet, all sums are 0
        first = COLUMN["sentiment_score"]
        values = (*news_features(sums[:, 0], fade[:, 0], now), *social_features(sums[:, 1], fade[:, 1]))
        raw[:, first : first + len(values)] = np.stack(values, axis=1)

    def _normalise(self, slots: Integers, raw: Floats, close: Floats) -> Floats:
        value = raw.copy()
        value[:, COLUMN["macd"] : COLUMN["macd_histogram"] + 1] /= close[:, None]
        value[:, COLUMN["atr_14"]] /= close
        kept = self._normaliser.take(slots, axis=0).reshape(len(slots), 3, layout.FEATURE_COUNT)
        score, kept[:, 0], kept[:, 1], kept[:, 2] = normalise(value, kept[:, 0], kept[:, 1], kept[:, 2])
        self._normaliser[slots] = kept.reshape(len(slots), layout.NORMALISER_COLUMNS)
        return score

    def _sums(self, symbol: str) -> Floats:
        place = self._symbol(symbol)  # may make room, so it comes before the array is looked at
        sums: Floats = self._items[place]
        return sums

    def _symbol(self, symbol: str) -> int:
        known = self._symbols.get(symbol)
        if known is None:
            known = self._symbols[symbol] = len(self._symbols)
            if known >= len(self._items):
                fresh = np.zeros((max(16, known), 2, DECAY_COLUMNS))
                fresh[:, :, LAST_AT] = np.nan
                self._items = np.concatenate([self._items, fresh])
        return known

    @property
    def _windows(self) -> Floats:
        return self._window_memory[:-1].reshape(-1, layout.WINDOW_COLUMNS)

    @property
    def _shifted(self) -> Floats:
        """The windows moved on by one bar; the newest column of each holds nothing of use yet."""
        return self._window_memory[1:].reshape(-1, layout.WINDOW_COLUMNS)

    def _grow(self, capacity: int) -> None:
        used = len(self._symbol_of)
        memory = np.full(capacity * layout.WINDOW_COLUMNS + 1, np.nan)
        memory[: used * layout.WINDOW_COLUMNS] = self._window_memory[:-1]
        self._window_memory = memory
        self._symbol_of = np.concatenate([self._symbol_of, np.zeros(capacity - used, dtype=np.int64)])
        self._smoothed = np.concatenate([self._smoothed, np.zeros((capacity - used, layout.SMOOTHED_COLUMNS))])
        self._normaliser = np.concatenate([self._normaliser, np.zeros((capacity - used, layout.NORMALISER_COLUMNS))])


def _in_range(score: float) -> float:
    if not -1.0 <= score <= 1.0:
        raise ValueError(f"expected a sentiment from -1 to 1, found {score}")
    return score

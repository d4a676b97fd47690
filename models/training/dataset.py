"""History to rows of features: the live engine driven over bars, so training sees what the stream will compute, bit for bit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from models.features.arrays import Floats, Integers
from models.features.engine import BarColumns, FeatureEngine
from models.features.layout import FEATURE_COUNT
from schemas.events.market import CorporateAction
from schemas.values import interval_us


@dataclass(frozen=True, slots=True)
class Dataset:
    """One row for each bar, in the order of decision times; bars of one time in the order of their symbols."""

    interval: str
    symbols: tuple[str, ...]
    symbol: Integers
    raw: Floats
    normalised: Floats
    end: Integers
    available_at: Integers
    close: Floats
    split: Floats
    """New shares for an old one, from this bar on; 1 where there was no split."""

    def __len__(self) -> int:
        return len(self.end)


class HistoryError(ValueError):
    """Bars that no market can have had: out of order, of different lengths."""


def build_dataset(bars: Mapping[str, BarColumns], actions: Sequence[CorporateAction], interval: str) -> Dataset:
    """Drive the feature engine over the bars of every symbol; splits are applied before the first bar of their ex-date.

    HistoryError where a symbol's columns differ in length or its bars are not in the order of time. Dividends change neither
    features nor labels: a usual one lies well inside the band of HOLD.
    """
    symbols = tuple(sorted(bars))
    for name in symbols:
        _check(name, bars[name])
    every = BarColumns(*(np.concatenate([getattr(bars[name], field.name) for name in symbols]) for field in fields(BarColumns)))
    symbol = np.repeat(np.arange(len(symbols)), [len(bars[name].end) for name in symbols])
    split = np.concatenate([_splits(name, bars[name], actions, interval) for name in symbols])
    order = np.lexsort((symbol, every.available_at))
    every = BarColumns(*(getattr(every, field.name)[order] for field in fields(BarColumns)))
    symbol, split = symbol[order], split[order]
    raw, normalised = _drive(symbols, symbol, every, split, interval)
    return Dataset(interval, symbols, symbol, raw, normalised, every.end, every.available_at, every.close, split)


def _drive(symbols: Sequence[str], symbol: Integers, bars: BarColumns, split: Floats, interval: str) -> tuple[Floats, Floats]:
    engine = FeatureEngine()
    slots = np.array([engine.slot((name, interval)) for name in symbols], dtype=np.int64)[symbol]
    raw = np.empty((len(symbol), FEATURE_COUNT))
    normalised = np.empty_like(raw)
    edges = np.flatnonzero(np.diff(bars.available_at)) + 1
    for first, end in zip([0, *edges.tolist()], [*edges.tolist(), len(symbol)], strict=True):
        rows = slice(first, end)
        for row in np.flatnonzero(split[rows] != 1.0) + first:
            engine.split(int(slots[row]), float(split[row]))
        block = engine.update(slots[rows], BarColumns(*(getattr(bars, field.name)[rows] for field in fields(BarColumns))))
        raw[rows], normalised[rows] = block.raw, block.normalised
    return raw, normalised


def _splits(symbol: str, bars: BarColumns, actions: Sequence[CorporateAction], interval: str) -> Floats:
    ratios = np.ones(len(bars.end))
    starts = bars.end - interval_us(interval)
    for action in actions:
        row = int(np.searchsorted(starts, action.effective_at))
        if action.symbol == symbol and action.kind == "split" and 0 < row < len(ratios):
            ratios[row] *= action.ratio
    return ratios


def _check(symbol: str, bars: BarColumns) -> None:
    lengths = {field.name: len(getattr(bars, field.name)) for field in fields(BarColumns)}
    if len(set(lengths.values())) != 1:
        raise HistoryError(f"expected columns of one length for {symbol}, found {lengths}")
    for times in (bars.end, bars.available_at):
        backwards = np.flatnonzero(np.diff(times) <= 0)
        if len(backwards):
            raise HistoryError(
                f"expected the bars of {symbol} in the order of time, found row {backwards[0] + 1} not after the row before"
            )

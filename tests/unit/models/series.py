"""Price series for tests: made from a seed, the same each time."""

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from models.features.arrays import Floats
from models.features.engine import BarColumns, FeatureBlock, FeatureEngine

MINUTE = 60_000_000


def walk(bars: int, seed: int = 7, price: float = 100.0, sigma: float = 0.01) -> BarColumns:
    """Return a random walk as bars of one series."""
    rng = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(rng.normal(0.0, sigma, bars)))
    opened = np.concatenate([[price], close[:-1]])
    high = np.maximum(opened, close) * (1 + 0.3 * sigma * rng.random(bars))
    low = np.minimum(opened, close) * (1 - 0.3 * sigma * rng.random(bars))
    end = MINUTE * np.arange(1, bars + 1, dtype=np.int64)
    return BarColumns(
        opened, high, low, close, np.floor(1 + 1000 * rng.random(bars)), (high + low + close) / 3, end, end + 2_000_000
    )


def flat(bars: int, price: float = 100.0, volume: float = 10.0) -> BarColumns:
    """Return bars that never move."""
    end = MINUTE * np.arange(1, bars + 1, dtype=np.int64)
    same = np.full(bars, price)
    return BarColumns(same, same, same, same, np.full(bars, volume), same, end, end)


def at(bars: BarColumns, row: int) -> BarColumns:
    """Return one bar as columns of length one."""
    return BarColumns(*(getattr(bars, field.name)[row : row + 1] for field in fields(bars)))


def joined(bars: Sequence[BarColumns]) -> BarColumns:
    """Return columns of several series as one call's columns."""
    return BarColumns(*(np.concatenate([getattr(one, field.name) for one in bars]) for field in fields(BarColumns)))


def adjusted(bars: BarColumns, ratio: float) -> BarColumns:
    """Return the bars as they look after a split."""
    return replace(
        bars,
        open=bars.open / ratio,
        high=bars.high / ratio,
        low=bars.low / ratio,
        close=bars.close / ratio,
        vwap=bars.vwap / ratio,
        volume=bars.volume * ratio,
    )


def run(engine: FeatureEngine, bars: BarColumns, symbol: str = "S") -> tuple[Floats, Floats]:
    """Return raw and normalised features of every bar of one series."""
    slots = np.array([engine.slot((symbol, "1m"))])
    blocks = [engine.update(slots, at(bars, row)) for row in range(len(bars.close))]
    return np.concatenate([block.raw for block in blocks]), np.concatenate([block.normalised for block in blocks])


def same_bits(left: FeatureBlock, right: FeatureBlock) -> bool:
    """Return whether two blocks are equal to the last bit, NaN included."""
    return (
        left.raw.tobytes() == right.raw.tobytes()
        and left.normalised.tobytes() == right.normalised.tobytes()
        and left.bars_seen.tobytes() == right.bars_seen.tobytes()
    )


def trending(bars: int, seed: int) -> BarColumns:
    """Return a walk whose drift keeps its sign for 50 bars: there is something to learn in it."""
    rng = np.random.default_rng(seed)
    drift = 0.006 * np.repeat(rng.choice([-1.0, 1.0], bars // 50 + 1), 50)[:bars]
    close = 100.0 * np.exp(np.cumsum(drift + rng.normal(0.0, 0.01, bars)))
    return replace(walk(bars, seed=seed), open=close, high=close * 1.002, low=close * 0.998, close=close, vwap=close)

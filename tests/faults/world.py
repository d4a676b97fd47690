"""A small market for fault tests: the same ticks, news and model every time."""

import functools
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from models.artifacts import set_current
from models.features.engine import BarColumns
from models.training.config import TrainingConfig
from models.training.train import train
from schemas.codec import Codec
from schemas.events.base import Event
from schemas.events.market import BarClosed, ClockAdvanced, NewsPublished, SocialPostPublished, Tick
from schemas.headers import cloud_event_headers, required_headers
from schemas.topics import ACTIONS, BARS, NEWS, SOCIAL, TICKS
from tests.builders import MINUTE, SECOND, T0, codec

SYMBOLS = tuple(f"S{number:02d}" for number in range(24))
PARTITIONS = 4
SHORT = 24_000
"""Ticks of the short tests."""
FAR = T0 + 100_000 * MINUTE

Message = tuple[str, bytes, bytes, list[tuple[str, bytes]], int | None]
"""Topic, key, value, headers, partition (None: by the key)."""


def tick_record(number: int, symbol: str, **changes: Any) -> dict[str, Any]:
    """Return the values of a tick; each symbol has one every two seconds."""
    at = T0 + number * SECOND // len(SYMBOLS) * 2
    values = {"event_time": at, "price": 100.0, "size": 1.0, "price_eligible": True, "sequence": number, "symbol": symbol}
    return {**values, "source": "fault-test", "recording": "r1", "conditions": "", **changes}


def side_messages() -> Iterator[Message]:
    """Yield news and posts, then how far their sources have told."""
    encoder, random = codec(), Random(11)
    for number in range(120):
        symbol, at = random.choice(SYMBOLS), T0 + random.randrange(120) * MINUTE
        words = random.choice(("profit beats expectations", "lawsuit and recall", "guidance cut", "record buyback"))
        common = {"item_id": str(number), "symbol": symbol, "source": "fault-test", "published_at": at, "available_at": at}
        news = NewsPublished(id=f"news-{number}", headline=words, synthetic=True, **common)
        post = SocialPostPublished(id=f"post-{number}", platform="p", text=words, reach=number, synthetic=True, **common)
        yield _message(encoder, NEWS, news)
        yield _message(encoder, SOCIAL, post)
    for topic in (ACTIONS, NEWS, SOCIAL):
        clock = ClockAdvanced(source="fault-test", at=FAR, reason="ended")
        for partition in range(PARTITIONS):
            yield _message(encoder, topic, clock, partition)


def tick_messages(count: int) -> Iterator[Message]:
    """Yield ticks in event-time order, a few of them late."""
    encoder, random = codec(), Random(5)
    prices = dict.fromkeys(SYMBOLS, 100.0)
    for number in range(count):
        symbol = SYMBOLS[number % len(SYMBOLS)]
        prices[symbol] = max(1.0, prices[symbol] + random.choice((-0.25, 0.0, 0.25)))
        late = 90 * SECOND if random.random() < 0.002 else 0
        tick = tick_record(
            number,
            symbol,
            price=prices[symbol],
            size=float(random.randrange(1, 100)),
            price_eligible=random.random() > 0.02,
        )
        tick["event_time"] -= late
        headers = required_headers(Tick.TYPE, f"fault-test/r1/{number}", "/sources/fault-test")
        yield TICKS, symbol.encode(), encoder.encode_record(Tick.TYPE, tick), headers, None


def vendor_messages(count: int) -> Iterator[Message]:
    """Yield a vendor's minute bars of symbols that nobody else tells of, all available before the market opens."""
    encoder = codec()
    for number in range(count):
        start = T0 - (1_000 - number // len(SYMBOLS)) * MINUTE
        times = {"start": start, "end": start + MINUTE, "available_at": start + MINUTE}
        close = 100.0 + number % 17
        prices = {
            "open": close,
            "high": close + 1.0,
            "low": close - 1.0,
            "close": close,
            "vwap": close,
            "volume": 10.0,
            "trades": 0,
        }
        about = {"id": f"vendor-{number}", "symbol": f"V{number % len(SYMBOLS):02d}", "interval": "1m", "source": "vendor"}
        bar = BarClosed(**about, **times, **prices, revision=0, origin_kind="vendor")
        yield _message(encoder, BARS, bar)


def _message(encoder: Codec, topic: str, event: Event, partition: int | None = None) -> Message:
    return topic, event.key(), encoder.encode(event), cloud_event_headers(event), partition


@functools.cache
def _history() -> dict[str, BarColumns]:
    random = np.random.default_rng(3)
    count, begin = 1_500, T0 - 2_000 * MINUTE
    close = 100.0 * np.exp(np.cumsum(random.normal(0, 0.002, count)))
    ends = begin + np.arange(1, count + 1) * MINUTE
    volume = random.uniform(10, 100, count)
    return {"S00": BarColumns(close, close * 1.001, close * 0.999, close, volume, close, ends, ends)}


def train_model(folder: Path) -> str:
    """Train a small linear model on history before the market opens, and let it serve minutes; return its id."""
    ref = train(_history(), [], TrainingConfig("1m", kind="linear", folds=3), folder)
    set_current(folder, "1m", ref.id)
    return ref.id

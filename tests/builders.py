"""Builders of events and records with sensible defaults: a test names only what it is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from schemas.codec import Codec
from schemas.events.base import Event
from schemas.events.market import BarClosed, ClockAdvanced, CorporateAction, NewsPublished, SocialPostPublished, Tick
from schemas.headers import cloud_event_headers
from schemas.ids import derived_id
from schemas.registry import committed_catalogue
from schemas.values import interval_us

T0 = 1_378_000_800_000_000
"""2013-09-01 02:00:00 UTC."""
SECOND = 1_000_000
MINUTE = 60 * SECOND


@dataclass(frozen=True)
class Record:
    """An input record as the consumer hands it out."""

    key: bytes | None
    value: bytes | None
    offset: int
    partition: int = 0
    timestamp: int = 2_000_000_000_000
    headers: Sequence[tuple[str, bytes]] = ()


def codec() -> Codec:
    return Codec(committed_catalogue())


def record(event: Event, offset: int, **changes: Any) -> Record:
    values = {"key": event.key(), "value": codec().encode(event), "offset": offset, "headers": tuple(cloud_event_headers(event))}
    return Record(**{**values, **changes})


def tick(**changes: Any) -> Tick:
    values = {"event_time": T0, "price": 100.0, "size": 1.0, "sequence": 0, "symbol": "ES", "source": "test", "recording": "r"}
    return Tick(**{**values, **changes})


def clock(at: int, **changes: Any) -> ClockAdvanced:
    return ClockAdvanced(**{"source": "test", "at": at, "reason": "heartbeat", **changes})


def bar(**changes: Any) -> BarClosed:
    symbol, interval, start = changes.pop("symbol", "ES"), changes.pop("interval", "1m"), changes.pop("start", T0)
    close = changes.pop("close", 100.0)
    end = start + interval_us(interval)
    values = {
        "id": derived_id("market.bar", "test", symbol, interval, start, changes.get("revision", 0)),
        "open": close,
        "high": close + 1,
        "low": close - 1,
        "close": close,
        "volume": 10.0,
        "vwap": close,
        "trades": 3,
        "revision": 0,
        "origin_kind": "built",
        "source": "test",
        "available_at": end,
    }
    return BarClosed(symbol=symbol, interval=interval, start=start, end=end, **{**values, **changes})


def split(effective_at: int, ratio: float = 2.0, **changes: Any) -> CorporateAction:
    values = {"id": f"split-{effective_at}", "symbol": "ES", "kind": "split", "available_at": effective_at - 1, "source": "test"}
    return CorporateAction(effective_at=effective_at, ratio=ratio, **{**values, **changes})


def news(available_at: int, **changes: Any) -> NewsPublished:
    values = {
        "id": f"news-{available_at}",
        "item_id": "1",
        "symbol": "ES",
        "source": "test",
        "headline": "profit beats expectations",
    }
    return NewsPublished(**{"published_at": available_at, **values, "available_at": available_at, **changes})


def post(available_at: int, **changes: Any) -> SocialPostPublished:
    values = {"id": f"post-{available_at}", "item_id": "1", "symbol": "ES", "source": "test", "platform": "p", "text": "great"}
    return SocialPostPublished(**{"published_at": available_at, **values, "available_at": available_at, **changes})

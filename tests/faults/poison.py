"""Records that cannot be processed: kinds of them, and the code that their dead letters have to name."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from schemas.codec import Codec
from schemas.events.market import NewsPublished, Tick
from schemas.headers import required_headers
from schemas.topics import TICKS
from tests.builders import MINUTE, SECOND, T0, codec
from tests.faults.world import SYMBOLS, Message, tick_record

TOO_LARGE = 1_000_100
"""Bytes: more than the product takes, less than the broker refuses."""


@dataclass(frozen=True)
class Written:
    """A record and, where it is poison, the code that is expected."""

    record: Message
    code: str | None = None

    @property
    def is_poison(self) -> bool:
        return self.code is not None


Kind = tuple[str, Callable[[Codec, int, str], tuple[bytes, bytes | None]]]


def _tick(encoder: Codec, number: int, symbol: str, **changes: Any) -> bytes:
    return encoder.encode_record(Tick.TYPE, tick_record(number, symbol, recording="poison", **changes))


def _future(encoder: Codec, number: int, symbol: str) -> bytes:
    return _tick(encoder, number, symbol, event_time=time.time_ns() // 1_000 + 3_600 * SECOND)


def _news(encoder: Codec, symbol: str) -> bytes:
    words = {"item_id": "1", "source": "p", "headline": "h", "published_at": T0, "available_at": T0}
    return encoder.encode(NewsPublished(id="poison", symbol=symbol, **words))


KINDS: dict[str, Kind] = {
    "no Avro at all": ("undecodable", lambda _e, n, s: (s.encode(), b"\xff" * (n % 50 + 1))),
    "nothing": ("undecodable", lambda _e, _n, s: (s.encode(), None)),
    "another magic byte": ("undecodable", lambda e, n, s: (s.encode(), b"\x01" + _tick(e, n, s)[1:])),
    "unknown schema": ("unknown_schema", lambda e, n, s: (s.encode(), b"\x00\x00\xff\xff\xff" + _tick(e, n, s)[5:])),
    "truncated": ("undecodable", lambda e, n, s: (s.encode(), _tick(e, n, s)[: 8 + n % 20])),
    "NaN price": ("bad_value", lambda e, n, s: (s.encode(), _tick(e, n, s, price=float("nan")))),
    "negative price": ("bad_value", lambda e, n, s: (s.encode(), _tick(e, n, s, price=-1.0))),
    "infinite size": ("bad_value", lambda e, n, s: (s.encode(), _tick(e, n, s, size=float("inf")))),
    "future": ("future", lambda e, n, s: (s.encode(), _future(e, n, s))),
    "too late": ("too_late", lambda e, n, s: (s.encode(), _tick(e, n, s, event_time=T0 - 60 * MINUTE))),
    "another key": ("bad_value", lambda e, n, s: (b"OTHER", _tick(e, n, s))),
    "another event": ("bad_value", lambda e, _n, s: (s.encode(), _news(e, s))),
    "oversize": ("oversize", lambda _e, _n, s: (s.encode(), b"\x00" * TOO_LARGE)),
}
OVERSIZE_MAX = 5
"""A megabyte each: a few of them say it all."""


def poison(count: int) -> Iterator[Written]:
    """Yield poison of all kinds in turn."""
    encoder, kinds = codec(), list(KINDS)
    for number in range(count):
        symbol, name = SYMBOLS[number % len(SYMBOLS)], kinds[number % len(kinds)]
        if name == "oversize" and number // len(kinds) >= OVERSIZE_MAX:
            name = kinds[number % (len(kinds) - 1)]
        code, make = KINDS[name]
        key, value = make(encoder, number, symbol)
        yield Written((TICKS, key, value, required_headers(Tick.TYPE, f"poison/{number}", "/sources/poison"), None), code)  # type: ignore[arg-type]


def with_poison(ticks: Iterable[Message], count: int) -> Iterator[Written]:
    """Yield ticks with poison evenly among them, after each symbol has told a time that "too late" can be measured against."""
    sound = list(ticks)
    every, bad = max(1, (len(sound) - 1_000) // max(1, count)), poison(count)
    for number, record in enumerate(sound):
        yield Written(record)
        if number >= 1_000 and (number - 1_000) % every == 0:
            yield from islice(bad, 1)
    yield from bad

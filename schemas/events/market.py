"""Facts of the market: ticks, bars, corporate actions, news and posts, and how far a source has told all it has."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from schemas.events.base import Event, source_uri
from schemas.values import Count, Interval, Micros, Name, NonNegative, Positive, Symbol


class Tick(Event):
    """One trade. Content is no identity (two trades may look alike): the position in its feed or file is.

    The fields of fixed width come first, so that a chunk of ticks decodes to columns (``schemas.tick_columns``).
    """

    TYPE: ClassVar[str] = "market.tick"

    event_time: Micros = Field(description="when the trade happened")
    price: Positive = Field(description="as traded, unadjusted")
    size: NonNegative = Field(description="units traded")
    price_eligible: bool = Field(default=True, description="false: counts in volume only")
    sequence: Count = Field(description="position in the recording or feed")
    symbol: Symbol
    source: Name
    recording: Name = Field(description="SHA-256 of the recording, or the id of the feed's session")
    conditions: str = Field(default="", max_length=64, description="trade conditions as the source states them")

    def identity(self) -> str:
        return f"{self.source}/{self.recording}/{self.sequence}"

    def origin(self) -> str:
        return source_uri(self.source)

    def occurred_at(self) -> int:
        return self.event_time

    def key(self) -> bytes:
        return self.symbol.encode()


class ClockAdvanced(Event):
    """A source states that it has told everything up to a time: quiet symbols move on by event, never by the wall clock.

    Written to every partition of the topic it speaks for. ``idle`` is stated on behalf of a source that fell silent.
    """

    TYPE: ClassVar[str] = "market.clock"

    source: Name
    at: Micros = Field(description="nothing with an earlier or equal time follows from this source")
    reason: Literal["heartbeat", "idle", "ended"]
    symbols: tuple[Symbol, ...] = Field(default=(), description="empty: every symbol of the source")

    def identity(self) -> str:
        return f"{self.source}/{self.reason}/{self.at}"

    def origin(self) -> str:
        return source_uri(self.source)

    def occurred_at(self) -> int:
        return self.at

    def key(self) -> bytes:
        return self.source.encode()


class BarClosed(Event):
    """Open, high, low and close of one window [start, end), by (event time, sequence)."""

    TYPE: ClassVar[str] = "market.bar"

    id: str
    symbol: Symbol
    interval: Interval
    start: Micros
    end: Micros
    open: Positive
    high: Positive
    low: Positive
    close: Positive
    volume: NonNegative
    vwap: Positive = Field(description="volume-weighted price of the eligible trades; the close where a vendor states none")
    trades: Count = Field(description="trades eligible for price; 0 where a vendor states none")
    revision: Count = Field(description="0 at first; late trades add one each")
    origin_kind: Literal["built", "vendor"]
    source: Name
    available_at: Micros = Field(description="end plus the allowed lateness: from then on decisions may use it")
    inputs: tuple[str, ...] = Field(default=(), description="ids of the first and the last trade by (event time, sequence)")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.low <= min(self.open, self.close) <= max(self.open, self.close) <= self.high:
            raise ValueError(f"expected low <= open, close <= high, found {self.open}, {self.high}, {self.low}, {self.close}")
        if not self.start < self.end <= self.available_at:
            raise ValueError(f"expected start < end <= available_at, found {self.start}, {self.end}, {self.available_at}")
        return self

    def identity(self) -> str:
        return self.id

    def origin(self) -> str:
        return source_uri(self.source) if self.origin_kind == "vendor" else "/autotrader/bars"

    def occurred_at(self) -> int:
        return self.end

    def key(self) -> bytes:
        return self.symbol.encode()


class CorporateAction(Event):
    """A split or a dividend. Prices are stored as traded; this is what history is adjusted by, at its own time."""

    TYPE: ClassVar[str] = "market.action"

    id: str
    symbol: Symbol
    kind: Literal["split", "dividend"]
    effective_at: Micros = Field(description="the ex-date, 00:00 UTC")
    ratio: Positive = Field(default=1.0, description="new shares for one old share; 1 for a dividend")
    amount: NonNegative = Field(default=0.0, description="cash for one share; 0 for a split")
    available_at: Micros = Field(description="when the platform could first know it")
    source: Name

    def identity(self) -> str:
        return self.id

    def origin(self) -> str:
        return source_uri(self.source)

    def occurred_at(self) -> int:
        return self.effective_at

    def key(self) -> bytes:
        return self.symbol.encode()


class NewsPublished(Event):
    """One news item about one symbol (an item about three symbols is three events)."""

    TYPE: ClassVar[str] = "market.news"

    id: str
    item_id: Name = Field(description="the source's own id of the item")
    symbol: Symbol
    source: Name
    headline: str = Field(min_length=1, max_length=500)
    summary: str = Field(default="", max_length=10_000)
    url: str = Field(default="", max_length=2_000)
    published_at: Micros
    available_at: Micros = Field(description="when the platform first had it")
    synthetic: bool = Field(default=False, description="true: made up for demonstration")

    def identity(self) -> str:
        return self.id

    def origin(self) -> str:
        return source_uri(self.source)

    def occurred_at(self) -> int:
        return self.published_at

    def key(self) -> bytes:
        return self.symbol.encode()


class SocialPostPublished(Event):
    """One social post about one symbol."""

    TYPE: ClassVar[str] = "market.social"

    id: str
    item_id: Name = Field(description="the platform's own id of the post")
    symbol: Symbol
    source: Name
    platform: Name
    text: str = Field(min_length=1, max_length=5_000)
    reach: Count = Field(default=0, description="people who saw or follow; 0 where unknown")
    published_at: Micros
    available_at: Micros = Field(description="when the platform first had it")
    synthetic: bool = Field(default=False, description="true: made up for demonstration")

    def identity(self) -> str:
        return self.id

    def origin(self) -> str:
        return source_uri(self.source)

    def occurred_at(self) -> int:
        return self.published_at

    def key(self) -> bytes:
        return self.symbol.encode()

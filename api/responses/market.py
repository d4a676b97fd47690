"""Symbols, bars and features as they are answered."""

from pydantic import Field

from api.responses.envelope import Answer, ListMeta
from api.responses.recommendations import FeatureValues, TimeText


class Series(Answer):
    """The bars of one length from one source."""

    interval: str
    source: str
    bars: int
    first_start: TimeText
    last_end: TimeText
    last_close: float


class SymbolSummary(Answer):
    """A symbol and what is known of it."""

    symbol: str
    price: float = Field(description="close of the newest bar, as traded")
    as_of: TimeText = Field(description="end of the newest bar")
    series: list[Series]


class SymbolList(Answer):
    """Every symbol that has a bar."""

    data: list[SymbolSummary]
    meta: ListMeta


class Bar(Answer):
    """Open, high, low and close of one window [start, end)."""

    id: str
    symbol: str
    interval: str
    source: str
    start: TimeText
    end: TimeText
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float
    trades: int
    revision: int = Field(description="0 at first; late trades add one each")
    origin_kind: str = Field(description="built or vendor")
    available_at: TimeText = Field(description="from then on decisions may use it")


class BarList(Answer):
    """Bars, oldest first."""

    data: list[Bar]
    meta: ListMeta


class Features(Answer):
    """The features of a symbol at the end of a bar."""

    id: str
    symbol: str
    interval: str
    source: str
    start: TimeText
    as_of: TimeText = Field(description="end of the bar")
    available_at: TimeText = Field(description="time of the decision")
    price: float
    volume: float
    bar_id: str
    feature_set: str
    synthetic: bool
    bars_seen: int
    missing: list[str]
    inputs: list[str] = Field(description="ids of what was folded in since the features before")
    raw: FeatureValues
    normalised: FeatureValues


class FeaturesList(Answer):
    """Features, oldest first."""

    data: list[Features]
    meta: ListMeta

"""The features by name and order. What each means is computed in ``models.features``; the names are part of the wire."""

from dataclasses import dataclass
from typing import Literal

Family = Literal["technical", "sentiment", "social"]
FAMILIES: tuple[Family, ...] = ("technical", "sentiment", "social")


@dataclass(frozen=True)
class FeatureField:
    """One feature: its name on the wire, the family its contribution is folded into, and what it says."""

    name: str
    family: Family
    meaning: str


FEATURE_SET = "fs1"
"""Names the list below. Another list is another name: a model states which one it was trained on."""

FEATURES: tuple[FeatureField, ...] = (
    FeatureField("rsi_14", "technical", "relative strength index, 14 bars, Wilder; 0 to 100"),
    FeatureField("macd", "technical", "EMA 12 less EMA 26 of the close; price units"),
    FeatureField("macd_signal", "technical", "EMA 9 of the MACD; price units"),
    FeatureField("macd_histogram", "technical", "MACD less its signal; price units"),
    FeatureField(
        "bollinger_percent_b", "technical", "place of the close between the lower (0) and upper (1) band, 20 bars, 2 sigma"
    ),
    FeatureField("bollinger_width", "technical", "upper less lower band over the middle one"),
    FeatureField("atr_14", "technical", "average true range, 14 bars, Wilder; price units"),
    FeatureField("obv_slope_10", "technical", "on-balance volume's change over 10 bars, in mean volumes of 20 bars a bar"),
    FeatureField("return_1", "technical", "log return over 1 bar"),
    FeatureField("return_5", "technical", "log return over 5 bars"),
    FeatureField("return_20", "technical", "log return over 20 bars"),
    FeatureField("return_60", "technical", "log return over 60 bars"),
    FeatureField("volatility_5", "technical", "population deviation of the last 5 log returns"),
    FeatureField("volatility_20", "technical", "population deviation of the last 20 log returns"),
    FeatureField("volatility_60", "technical", "population deviation of the last 60 log returns"),
    FeatureField("volume_zscore_20", "technical", "volume in deviations from its mean of 20 bars"),
    FeatureField("vwap_distance", "technical", "close over the volume-weighted price of 20 bars, less 1"),
    FeatureField("range_position_20", "technical", "place of the close in the range of 20 bars; 0 to 1"),
    FeatureField("sentiment_score", "sentiment", "decayed mean sentiment of the news; -1 to 1"),
    FeatureField("sentiment_count", "sentiment", "decayed number of news items"),
    FeatureField("sentiment_age", "sentiment", "hours since the newest news item"),
    FeatureField("social_score", "social", "decayed mean sentiment of the posts; -1 to 1"),
    FeatureField("social_count", "social", "decayed number of posts"),
    FeatureField("social_reach", "social", "log of one plus the decayed reach of the posts"),
)

FEATURE_NAMES: tuple[str, ...] = tuple(field.name for field in FEATURES)

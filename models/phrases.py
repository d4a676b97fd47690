"""What the value of a feature reads like: "RSI 14 at 28.4 (oversold)"."""

from collections.abc import Callable, Mapping
from functools import partial
from math import expm1

OVERSOLD, OVERBOUGHT = 30.0, 70.0
"""Wilder's own marks."""

Phrase = Callable[[float, float], str]
"""From the raw value and the price."""


def _rsi(value: float, _price: float) -> str:
    mood = " (oversold)" if value < OVERSOLD else " (overbought)" if value > OVERBOUGHT else ""
    return f"RSI 14 at {value:.1f}{mood}"


def _line(name: str, value: float, price: float) -> str:
    return f"{name} at {value:+.4g} ({value / price:+.2%} of the price)"


def _percent_b(value: float, _price: float) -> str:
    place = "above the upper band" if value > 1.0 else "below the lower band" if value < 0.0 else "inside the bands"
    return f"Bollinger %B at {value:.2f} ({place})"


def _width(value: float, _price: float) -> str:
    return f"Bollinger bands {value:.2%} wide"


def _atr(value: float, price: float) -> str:
    return f"ATR 14 at {value:.4g} ({value / price:.2%} of the price)"


def _obv(value: float, _price: float) -> str:
    return f"on-balance volume {'rising' if value >= 0.0 else 'falling'} by {abs(value):.2f} mean volumes a bar"


def _return(bars: int, value: float, _price: float) -> str:
    return f"price {'up' if value >= 0.0 else 'down'} {abs(expm1(value)):.2%} over {bars} bar{'s' if bars > 1 else ''}"


def _volatility(bars: int, value: float, _price: float) -> str:
    return f"volatility over {bars} bars at {value:.2%} a bar"


def _volume(value: float, _price: float) -> str:
    return f"volume {abs(value):.1f} deviations {'above' if value >= 0.0 else 'below'} its mean of 20 bars"


def _vwap(value: float, _price: float) -> str:
    return f"price {abs(value):.2%} {'above' if value >= 0.0 else 'below'} its volume-weighted mean of 20 bars"


def _range(value: float, _price: float) -> str:
    return f"price at {value:.0%} of its range of 20 bars"


PHRASES: Mapping[str, Phrase] = {
    "rsi_14": _rsi,
    "macd": partial(_line, "MACD"),
    "macd_signal": partial(_line, "MACD signal"),
    "macd_histogram": partial(_line, "MACD histogram"),
    "bollinger_percent_b": _percent_b,
    "bollinger_width": _width,
    "atr_14": _atr,
    "obv_slope_10": _obv,
    **{f"return_{bars}": partial(_return, bars) for bars in (1, 5, 20, 60)},
    **{f"volatility_{bars}": partial(_volatility, bars) for bars in (5, 20, 60)},
    "volume_zscore_20": _volume,
    "vwap_distance": _vwap,
    "range_position_20": _range,
}

"""Words for numbers."""

import math

import pytest

from models.explanations import towards
from models.phrases import PHRASES
from schemas.features import FEATURES

CASES = {
    ("rsi_14", 28.44): "RSI 14 at 28.4 (oversold)",
    ("rsi_14", 50.0): "RSI 14 at 50.0",
    ("rsi_14", 71.0): "RSI 14 at 71.0 (overbought)",
    ("macd", -1.25): "MACD at -1.25 (-1.25% of the price)",
    ("bollinger_percent_b", 1.2): "Bollinger %B at 1.20 (above the upper band)",
    ("bollinger_percent_b", -0.1): "Bollinger %B at -0.10 (below the lower band)",
    ("bollinger_width", 0.081): "Bollinger bands 8.10% wide",
    ("atr_14", 1.92): "ATR 14 at 1.92 (1.92% of the price)",
    ("obv_slope_10", -0.21): "on-balance volume falling by 0.21 mean volumes a bar",
    ("return_20", math.log(1.032)): "price up 3.20% over 20 bars",
    ("return_1", math.log(0.9)): "price down 10.00% over 1 bar",
    ("volatility_20", 0.019): "volatility over 20 bars at 1.90% a bar",
    ("volume_zscore_20", 2.14): "volume 2.1 deviations above its mean of 20 bars",
    ("vwap_distance", -0.012): "price 1.20% below its volume-weighted mean of 20 bars",
    ("range_position_20", 0.12): "price at 12% of its range of 20 bars",
}


@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_phrase_quotes_the_value_and_what_it_means(name, value):
    assert PHRASES[name](value, 100.0) == CASES[name, value]


def test_every_technical_feature_has_a_phrase():
    assert set(PHRASES) == {field.name for field in FEATURES if field.family == "technical"}


def test_the_sign_is_the_direction():
    assert towards(0.31) == "pushes towards BUY (+0.310)"
    assert towards(-0.02) == "pushes towards SELL (-0.020)"
    assert towards(0.0) == "pushes nowhere (+0.000)"

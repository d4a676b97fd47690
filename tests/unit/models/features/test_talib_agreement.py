"""TA-Lib is the oracle: the same inputs must give the same indicators, from the bar on that TA-Lib shows them."""

import numpy as np
import pytest
import talib

from models.features.engine import FeatureEngine
from models.features.layout import COLUMN
from tests.unit.models.series import run, walk

CASES = [(100.0, 0.01, 1), (1640.25, 0.0003, 2), (0.07, 0.05, 3), (25_000.0, 0.02, 4)]


@pytest.fixture(params=CASES, ids=lambda case: f"price {case[0]}, sigma {case[1]}")
def case(request):
    price, sigma, seed = request.param
    bars = walk(700, seed=seed, price=price, sigma=sigma)
    raw, _ = run(FeatureEngine(), bars)
    return bars, raw


def assert_agrees(ours, theirs, scale=1.0):
    known = ~np.isnan(theirs)

    assert np.array_equal(known, ~np.isnan(ours))
    assert np.max(np.abs(ours[known] - theirs[known])) / scale < 1e-9


def test_rsi_is_wilders(case):
    bars, raw = case

    assert_agrees(raw[:, COLUMN["rsi_14"]], talib.RSI(bars.close, timeperiod=14))


def test_macd_signal_and_histogram_are_seeded_as_talib_does(case):
    bars, raw = case
    scale = max(1.0, float(bars.close[0]))

    for name, theirs in zip(("macd", "macd_signal", "macd_histogram"), talib.MACD(bars.close, 12, 26, 9), strict=True):
        assert_agrees(raw[:, COLUMN[name]], theirs, scale)


def test_atr_is_wilders(case):
    bars, raw = case

    assert_agrees(raw[:, COLUMN["atr_14"]], talib.ATR(bars.high, bars.low, bars.close, 14), max(1.0, float(bars.close[0])))


def test_bollinger_bands_use_the_population_deviation(case):
    bars, raw = case
    # TA-Lib's own running sums lose digits at high prices with narrow bands, so the oracle gets centred prices
    # and the band is moved back; at ordinary prices the plain call is compared too
    centre = float(bars.close.mean())
    upper, middle, lower = (band + centre for band in talib.BBANDS(bars.close - centre, 20, 2, 2, matype=0))

    assert_agrees(raw[:, COLUMN["bollinger_percent_b"]], (bars.close - lower) / (upper - lower))
    assert_agrees(raw[:, COLUMN["bollinger_width"]], (upper - lower) / middle)


def test_bollinger_bands_agree_with_a_plain_call_at_an_ordinary_price():
    bars = walk(500)
    raw, _ = run(FeatureEngine(), bars)
    upper, middle, lower = talib.BBANDS(bars.close, 20, 2, 2, matype=0)

    assert_agrees(raw[:, COLUMN["bollinger_percent_b"]], (bars.close - lower) / (upper - lower))
    assert_agrees(raw[:, COLUMN["bollinger_width"]], (upper - lower) / middle)


def test_obv_slope_is_the_change_of_talibs_obv_in_mean_volumes(case):
    bars, raw = case
    obv = talib.OBV(bars.close, bars.volume)
    change = np.full(len(obv), np.nan)
    change[10:] = obv[10:] - obv[:-10]

    assert_agrees(raw[:, COLUMN["obv_slope_10"]], change / (10 * talib.SMA(bars.volume, 20)))


def test_volatility_and_range_agree_with_talib(case):
    bars, raw = case
    log_return = np.diff(np.log(bars.close), prepend=np.nan)
    top, bottom = talib.MAX(bars.high, 20), talib.MIN(bars.low, 20)

    assert_agrees(raw[:, COLUMN["return_1"]], log_return)
    assert_agrees(raw[:, COLUMN["range_position_20"]], (bars.close - bottom) / (top - bottom))
    for span in (5, 20, 60):
        theirs = np.full(len(log_return), np.nan)
        theirs[span:] = [log_return[end - span + 1 : end + 1].std() for end in range(span, len(log_return))]
        assert_agrees(raw[:, COLUMN[f"volatility_{span}"]], theirs)

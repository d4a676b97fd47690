"""The technical features of one bar of many series, from their windows and averages."""

import numpy as np

from models.features import layout
from models.features.arrays import Floats, row_mean
from models.features.bands import BANDS_PERIOD, bollinger, range_position
from models.features.layout import CLOSE, COLUMN, FAST, GAIN, HIGH, LOG_CLOSE, LOSS, LOW, SIGNAL, SIGNED_VOLUME, SLOW, TRUE_RANGE
from models.features.momentum import MACD_WARM, RSI_WARM, rsi
from models.features.volatility import ATR_WARM, HORIZONS, SPANS, log_return, volatility
from models.features.volume import VOLUME_PERIOD, obv_slope, volume_zscore, vwap_distance


def warm_from() -> Floats:
    """Return for each feature the number of bars from which on it is known; 0 for those that need none."""
    bars = dict.fromkeys(layout.COLUMN, 0)
    bars |= {"rsi_14": RSI_WARM, "atr_14": ATR_WARM}
    bars |= dict.fromkeys(("macd", "macd_signal", "macd_histogram"), MACD_WARM)
    bars |= dict.fromkeys(("bollinger_percent_b", "bollinger_width", "range_position_20"), BANDS_PERIOD)
    bars |= dict.fromkeys(("obv_slope_10", "volume_zscore_20", "vwap_distance"), VOLUME_PERIOD)
    bars |= {f"return_{horizon}": horizon + 1 for horizon in HORIZONS}
    bars |= {f"volatility_{span}": span + 1 for span in SPANS}
    return np.array([bars[name] for name in layout.COLUMN], dtype=np.float64)


def fill_technical(raw: Floats, windows: Floats, smoothed: Floats) -> None:
    """Write the technical columns of the raw features, from windows and averages that hold the newest bar already."""
    close = windows[:, CLOSE.newest]
    raw[:, COLUMN["rsi_14"]] = rsi(smoothed[:, GAIN], smoothed[:, LOSS])
    macd = smoothed[:, FAST] - smoothed[:, SLOW]
    raw[:, COLUMN["macd"]] = macd
    raw[:, COLUMN["macd_signal"]] = smoothed[:, SIGNAL]
    raw[:, COLUMN["macd_histogram"]] = macd - smoothed[:, SIGNAL]
    percent, width = bollinger(windows[:, CLOSE.all])
    raw[:, COLUMN["bollinger_percent_b"]] = percent
    raw[:, COLUMN["bollinger_width"]] = width
    raw[:, COLUMN["atr_14"]] = smoothed[:, TRUE_RANGE]
    raw[:, COLUMN["range_position_20"]] = range_position(windows[:, HIGH.all], windows[:, LOW.all], close)
    _fill_returns(raw, windows[:, LOG_CLOSE.all])
    volumes = windows[:, layout.VOLUME.all]
    mean_volume = row_mean(volumes)
    raw[:, COLUMN["obv_slope_10"]] = obv_slope(windows[:, SIGNED_VOLUME.all], mean_volume)
    raw[:, COLUMN["volume_zscore_20"]] = volume_zscore(volumes, mean_volume)
    raw[:, COLUMN["vwap_distance"]] = vwap_distance(windows[:, layout.TURNOVER.all], mean_volume, close)


def _fill_returns(raw: Floats, log_closes: Floats) -> None:
    for horizon in HORIZONS:
        raw[:, COLUMN[f"return_{horizon}"]] = log_return(log_closes, horizon)
    returns = log_closes[:, 1:] - log_closes[:, :-1]
    for span in SPANS:
        raw[:, COLUMN[f"volatility_{span}"]] = volatility(returns[:, -span:])

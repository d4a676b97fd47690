"""Whatever a market does, a feature is a finite number or not known."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.features.engine import BarColumns, FeatureEngine
from models.features.layout import COLUMN, FAMILY_COLUMNS
from models.features.normalise import CLIP
from tests.unit.models.series import MINUTE, run

TECHNICAL = FAMILY_COLUMNS["technical"]
STEPS = st.sampled_from([0.0, 0.0, 0.0, 1e-12, -1e-9, 0.01, -0.01, 0.7, -0.7, 3.0, -3.0])
VOLUMES = st.sampled_from([0.0, 0.0, 1e-9, 1.0, 1e3, 1e15])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(STEPS, VOLUMES), min_size=85, max_size=140), st.sampled_from([1e-6, 1.0, 1e9]))
def test_every_technical_feature_is_finite_once_it_is_warm(steps, price):
    moves = np.array([step for step, _ in steps])
    close = price * np.exp(np.clip(np.cumsum(moves), -20.0, 20.0))
    before = np.concatenate([[price], close[:-1]])
    volume = np.array([volume for _, volume in steps])
    end = MINUTE * np.arange(1, len(close) + 1, dtype=np.int64)
    bars = BarColumns(before, np.maximum(before, close), np.minimum(before, close), close, volume, close, end, end)
    raw, normalised = run(FeatureEngine(), bars)

    assert np.isfinite(raw[80:, TECHNICAL]).all()
    assert np.isfinite(normalised[80:, TECHNICAL]).all()
    assert not np.isinf(raw).any()
    assert np.nanmax(np.abs(normalised)) <= CLIP
    assert ((raw[80:, COLUMN["rsi_14"]] >= 0.0) & (raw[80:, COLUMN["rsi_14"]] <= 100.0)).all()
    assert ((raw[80:, COLUMN["range_position_20"]] >= 0.0) & (raw[80:, COLUMN["range_position_20"]] <= 1.0)).all()

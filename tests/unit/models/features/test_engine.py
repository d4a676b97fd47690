"""What the engine promises beyond its formulas: splits, gaps, constants, warm-up, news that fades."""

import math
from dataclasses import replace

import numpy as np
import pytest

from models.features.engine import FeatureEngine
from models.features.layout import COLUMN, FAMILY_COLUMNS
from models.features.state import StateError
from models.features.technical import warm_from
from schemas.features import FEATURES
from tests.unit.models.series import MINUTE, adjusted, at, flat, joined, run, walk

HOUR = 3_600_000_000
TECHNICAL = FAMILY_COLUMNS["technical"]


@pytest.mark.parametrize("ratio", [2.0, 7.0, 0.1])
def test_features_after_a_split_are_those_of_a_series_adjusted_beforehand(ratio):
    bars = walk(260)
    split_at = 130
    engine = FeatureEngine()
    slots = np.array([engine.slot(("S", "1m"))])
    found = []
    for row in range(260):
        if row == split_at:
            engine.split(int(slots[0]), ratio)
        found.append(engine.update(slots, at(adjusted(bars, ratio) if row >= split_at else bars, row)))
    expected_raw, expected_normalised = run(FeatureEngine(), adjusted(bars, ratio))
    raw = np.concatenate([block.raw for block in found])[split_at:]
    normalised = np.concatenate([block.normalised for block in found])[split_at:]

    np.testing.assert_allclose(raw[:, TECHNICAL], expected_raw[split_at:, TECHNICAL], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(normalised[:, TECHNICAL], expected_normalised[split_at:, TECHNICAL], rtol=1e-9, atol=1e-9)


def test_without_the_split_the_same_series_would_read_as_a_crash():
    bars = walk(100)
    crashed = joined([at(bars, row) if row < 50 else at(adjusted(bars, 2.0), row) for row in range(100)])
    raw, _ = run(FeatureEngine(), crashed)

    assert raw[50, COLUMN["return_1"]] < -0.6


@pytest.mark.parametrize("ratio", [0.0, -2.0, math.inf, math.nan])
def test_a_split_by_nothing_sensible_is_refused(ratio):
    engine = FeatureEngine()
    slot = engine.slot(("S", "1m"))

    with pytest.raises(ValueError, match="expected a positive ratio"):
        engine.split(slot, ratio)


def test_constant_prices_give_defined_finite_neutral_features():
    raw, normalised = run(FeatureEngine(), flat(120))
    last = dict(zip(COLUMN, raw[-1], strict=True))

    assert np.isfinite(raw[-1, TECHNICAL]).all()
    assert np.isfinite(normalised[-1, TECHNICAL]).all()
    assert (last["rsi_14"], last["bollinger_percent_b"], last["range_position_20"]) == (50.0, 0.5, 0.5)
    assert {last[name] for name in ("bollinger_width", "atr_14", "volatility_60", "return_60", "volume_zscore_20")} == {0.0}
    assert (normalised[-1, TECHNICAL] == 0.0).all()


def test_constant_prices_that_no_binary_fraction_holds_leave_no_noise():
    raw, normalised = run(FeatureEngine(), flat(300, price=1640.1, volume=0.3))

    assert raw[-1, COLUMN["bollinger_width"]] == 0.0
    assert raw[-1, COLUMN["volume_zscore_20"]] == 0.0
    assert np.abs(normalised[-1, TECHNICAL]).max() == 0.0


def test_bars_without_volume_give_defined_finite_features():
    raw, normalised = run(FeatureEngine(), replace(walk(120), volume=np.zeros(120)))

    assert np.isfinite(raw[-1, TECHNICAL]).all()
    assert np.isfinite(normalised[-1, TECHNICAL]).all()
    assert raw[-1, COLUMN["obv_slope_10"]] == raw[-1, COLUMN["vwap_distance"]] == raw[-1, COLUMN["volume_zscore_20"]] == 0.0


def test_a_jump_after_a_flat_stretch_stays_within_the_clip():
    bars = flat(100)
    jump = joined([bars, at(adjusted(flat(101), 1 / 1.5), 100)])
    _, normalised = run(FeatureEngine(), jump)

    assert 4.0 < normalised[-1, COLUMN["return_1"]] <= 8.0


def test_each_technical_feature_is_known_from_its_own_bar_on():
    raw, _ = run(FeatureEngine(), walk(80))

    for name, bars in zip(COLUMN, warm_from(), strict=True):
        if FEATURES[COLUMN[name]].family == "technical":
            first = int(np.flatnonzero(~np.isnan(raw[:, COLUMN[name]]))[0]) + 1
            assert (name, first) == (name, int(bars))


def test_normalised_values_are_known_from_the_twentieth_observation_on():
    raw, normalised = run(FeatureEngine(), walk(100))

    for column in TECHNICAL:
        assert np.flatnonzero(~np.isnan(normalised[:, column]))[0] - np.flatnonzero(~np.isnan(raw[:, column]))[0] == 19


def test_normalised_values_are_the_exponentially_weighted_z_scores_of_the_formula():
    raw, normalised = run(FeatureEngine(), walk(150))
    values = raw[19:, COLUMN["range_position_20"]]
    weights = 0.5 ** (np.arange(len(values))[::-1] / 100)
    weights /= weights.sum()
    mean = (weights * values).sum()
    deviation = math.sqrt((weights * (values - mean) ** 2).sum())

    assert abs(normalised[-1, COLUMN["range_position_20"]] - (values[-1] - mean) / deviation) < 1e-9


def test_macd_and_atr_are_normalised_relative_to_the_price():
    cheap, dear = run(FeatureEngine(), walk(150))[1], run(FeatureEngine(), walk(150, price=5_000.0))[1]

    np.testing.assert_allclose(cheap[:, TECHNICAL], dear[:, TECHNICAL], rtol=1e-7, atol=1e-7)


def test_vwap_distance_weighs_each_bars_own_price_by_its_volume():
    bars = walk(25)
    raw, _ = run(FeatureEngine(), bars)
    expected = bars.close[24] / ((bars.vwap * bars.volume)[5:].sum() / bars.volume[5:].sum()) - 1

    assert abs(raw[24, COLUMN["vwap_distance"]] - expected) < 1e-12


def test_stored_state_of_another_kind_version_or_length_is_refused():
    engine = FeatureEngine()
    engine.slot(("S", "1m"))
    data = engine.dump(0)

    for broken in (b"", b"ATFN" + data[4:], data[:4] + b"\x09\x00" + data[6:], data[:-1], data + b"\x00"):
        with pytest.raises(StateError, match="expected"):
            engine.load(("S", "1m"), broken)


class TestNewsAndPosts:
    def features(self, engine, available_at):
        slots = np.array([engine.slot(("S", "1m"))])
        bar = at(flat(1), 0)
        raw = engine.update(slots, replace(bar, available_at=np.array([available_at], dtype=np.int64))).raw[0]
        return dict(zip(COLUMN, raw, strict=True))

    def test_without_any_item_there_is_no_score_and_no_age_but_a_count_of_zero(self):
        found = self.features(FeatureEngine(), HOUR)

        assert math.isnan(found["sentiment_score"])
        assert math.isnan(found["sentiment_age"])
        assert math.isnan(found["social_score"])
        assert (found["sentiment_count"], found["social_count"], found["social_reach"]) == (0.0, 0.0, 0.0)

    def test_an_item_counts_half_after_its_half_life(self):
        engine = FeatureEngine(news_half_life_hours=24.0)
        engine.observe_news("S", 0, 1.0)
        engine.observe_news("S", 24 * HOUR, -1.0)
        found = self.features(engine, 24 * HOUR)

        assert abs(found["sentiment_score"] - (0.5 - 1.0) / 1.5) < 1e-12
        assert abs(found["sentiment_count"] - 1.5) < 1e-12
        assert found["sentiment_age"] == 0.0

    def test_age_counts_hours_and_the_mean_does_not_fade_while_the_count_does(self):
        engine = FeatureEngine(news_half_life_hours=24.0)
        engine.observe_news("S", 0, 0.8)
        found = self.features(engine, 48 * HOUR)

        assert (found["sentiment_score"], found["sentiment_count"], found["sentiment_age"]) == (0.8, 0.25, 48.0)

    def test_what_is_long_forgotten_has_no_score_any_more(self):
        engine = FeatureEngine()
        engine.observe_news("S", 0, 0.8)
        found = self.features(engine, 400 * 24 * HOUR)

        assert math.isnan(found["sentiment_score"])
        assert found["sentiment_age"] == 400 * 24

    def test_an_item_told_late_counts_by_its_own_age(self):
        engine = FeatureEngine()
        engine.observe_news("S", 24 * HOUR, -1.0)
        engine.observe_news("S", 0, 1.0)
        found = self.features(engine, 24 * HOUR)

        assert abs(found["sentiment_score"] - (0.5 - 1.0) / 1.5) < 1e-12
        assert found["sentiment_age"] == 0.0

    def test_a_post_that_reaches_many_counts_more_in_the_mean(self):
        engine = FeatureEngine()
        engine.observe_social("S", HOUR, 1.0, 999)
        engine.observe_social("S", HOUR, -1.0, 0)
        found = self.features(engine, HOUR)

        assert abs(found["social_score"] - (4 - 1) / 5) < 1e-12
        assert found["social_count"] == 2.0
        assert abs(found["social_reach"] - math.log(1000)) < 1e-12

    def test_news_of_a_symbol_reach_all_its_intervals_also_one_that_begins_later(self):
        engine = FeatureEngine()
        engine.observe_news("S", HOUR, 0.5)
        slots = np.array([engine.slot(("S", "1m")), engine.slot(("S", "1d")), engine.slot(("T", "1m"))])
        bar = replace(at(flat(1), 0), available_at=np.array([HOUR]))
        scores = engine.update(slots, joined([bar, bar, bar])).raw[:, COLUMN["sentiment_score"]]

        assert scores[0] == scores[1] == 0.5
        assert math.isnan(scores[2])
        assert engine.slots_of("S") == [0, 1]

    @pytest.mark.parametrize("score", [1.01, -1.01, math.nan])
    def test_a_score_out_of_range_is_refused(self, score):
        with pytest.raises(ValueError, match="expected a sentiment"):
            FeatureEngine().observe_news("S", MINUTE, score)

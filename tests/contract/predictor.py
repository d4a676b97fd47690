"""What every predictor promises, whatever library its model came from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.features.layout import FAMILY_COLUMNS, FEATURE_COUNT
from schemas.features import FEATURE_SET

ROWS = 120


class PredictorContract:
    """Subclass it and provide the fixture ``predictor``."""

    @pytest.fixture
    def x(self):
        return np.clip(np.random.default_rng(5).normal(0.0, 1.5, (ROWS, FEATURE_COUNT)), -8.0, 8.0)

    def test_it_knows_itself(self, predictor):
        assert len(predictor.model_id) == 64
        assert (predictor.interval, predictor.feature_set) == ("1m", FEATURE_SET)
        assert predictor.trained_until > 0
        assert predictor.threshold > 0.0

    def test_probabilities_are_probabilities(self, predictor, x):
        probabilities = predictor.predict(x).probabilities

        assert probabilities.shape == (ROWS, 3)
        assert ((probabilities > 0.0) & (probabilities < 1.0)).all()
        np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=0.0, atol=1e-12)

    def test_the_score_is_the_log_odds_of_buy_against_sell(self, predictor, x):
        found = predictor.predict(x)

        np.testing.assert_allclose(found.score, np.log(found.probabilities[:, 2] / found.probabilities[:, 0]), rtol=0.0, atol=1e-9)

    def test_contributions_and_base_sum_to_the_score(self, predictor, x):
        found = predictor.predict(x)

        np.testing.assert_allclose(found.base + found.contributions.sum(axis=1), found.score, rtol=0.0, atol=1e-9)
        assert np.abs(found.contributions).max() > 1e-3

    def test_features_outside_the_technical_family_contribute_nothing(self, predictor, x):
        others = np.concatenate([FAMILY_COLUMNS["sentiment"], FAMILY_COLUMNS["social"]])

        assert (predictor.predict(x).contributions[:, others] == 0.0).all()

    def test_what_is_not_known_counts_as_the_mean(self, predictor, x):
        unknown, mean = x.copy(), x.copy()
        unknown[::2, 3] = np.nan
        mean[::2, 3] = 0.0

        np.testing.assert_array_equal(predictor.predict(unknown).probabilities, predictor.predict(mean).probabilities)
        np.testing.assert_array_equal(predictor.predict(unknown).contributions, predictor.predict(mean).contributions)

    def test_nothing_to_judge_gives_nothing(self, predictor):
        found = predictor.predict(np.zeros((0, FEATURE_COUNT)))

        assert (found.probabilities.shape, found.contributions.shape) == ((0, 3), (0, FEATURE_COUNT))
        assert len(found.score) == len(found.base) == 0

    def test_a_row_alone_gives_the_bits_it_gives_in_any_batch(self, predictor, x):
        together = predictor.predict(x)

        @settings(max_examples=60, deadline=None)
        @given(st.integers(0, ROWS - 1), st.integers(1, 40))
        def check(first, rows):
            part = predictor.predict(x[first : first + rows])
            for name in ("probabilities", "score", "base", "contributions"):
                assert getattr(part, name).tobytes() == getattr(together, name)[first : first + rows].tobytes()

        check()

"""scikit-learn itself is the oracle for what its coefficients say."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.artifacts import load
from models.features.layout import FAMILY_COLUMNS, FEATURE_COUNT
from models.loading import load_predictor
from models.predictors.linear import LinearModel, LinearModelError
from tests.contract.predictor import PredictorContract


class TestContract(PredictorContract):
    @pytest.fixture
    def predictor(self, artefacts, linear):
        return load_predictor(artefacts, linear.id)


def test_margins_are_scikit_learns_decision_function():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(400, 5)), rng.integers(0, 3, 400)
    learner = LogisticRegression().fit(x, y)
    model = LinearModel(learner.coef_, learner.intercept_, x.mean(axis=0))

    np.testing.assert_allclose(model.margins(x), learner.decision_function(x), rtol=0.0, atol=1e-12)


def test_a_contribution_is_the_coefficient_times_the_distance_from_the_mean(artefacts, linear):
    files = load(artefacts, linear.id).files
    model = LinearModel.from_record(json.loads(files["model.json"]), len(FAMILY_COLUMNS["technical"]))
    slope = json.loads(files["calibration.json"])["direction_slope"]
    x = np.random.default_rng(1).normal(size=(1, FEATURE_COUNT))
    expected = slope * (model.coefficients[2, 4] - model.coefficients[0, 4]) * (x[0, 4] - model.means[4])

    assert abs(load_predictor(artefacts, linear.id).predict(x).contributions[0, 4] - expected) < 1e-12


def test_stored_coefficients_come_back_to_the_last_bit():
    model = LinearModel(np.random.default_rng(1).normal(size=(3, 4)), np.array([0.1, 0.2, 0.3]), np.arange(4) / 3)
    back = LinearModel.from_record(json.loads(json.dumps(model.to_record())), 4)

    assert [part.tobytes() for part in (back.coefficients, back.intercepts, back.means)] == [
        part.tobytes() for part in (model.coefficients, model.intercepts, model.means)
    ]


@pytest.mark.parametrize("change", [{"format": 9}, {"means": [0.0]}, {"intercepts": [0.0, float("nan"), 1.0]}])
def test_coefficients_that_are_none_are_refused(change):
    record = LinearModel(np.ones((3, 4)), np.ones(3), np.ones(4)).to_record() | change

    with pytest.raises(LinearModelError, match="expected"):
        LinearModel.from_record(record, 4)

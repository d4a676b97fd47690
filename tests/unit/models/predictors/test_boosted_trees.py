"""LightGBM itself is the oracle for what is read from its model text."""

import json

import lightgbm
import numpy as np
import pytest

from models.artifacts import load
from models.calibration import Calibration
from models.features.layout import FAMILY_COLUMNS, FEATURE_COUNT
from models.loading import load_predictor
from models.predictors.tree_shap import TreeTables
from models.predictors.trees import TreesError, read_forest
from tests.contract.predictor import PredictorContract

TECHNICAL = FAMILY_COLUMNS["technical"]


class TestContract(PredictorContract):
    @pytest.fixture
    def predictor(self, artefacts, boosted):
        return load_predictor(artefacts, boosted.id)


def trained(features=6, **parameters):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(1_500, features)).round(2)
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0.3).astype(int) + (x[:, 3] > 0.5)
    told = {
        "objective": "multiclass",
        "num_class": 3,
        "num_leaves": 15,
        "max_depth": 5,
        "min_data_in_leaf": 20,
        "num_threads": 1,
        "verbose": -1,
    }
    return lightgbm.train(told | parameters, lightgbm.Dataset(x, y), num_boost_round=30), x


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"max_depth": 2},
        {"num_leaves": 31, "max_depth": 8},
        {"min_data_in_leaf": 700},
        {"lambda_l1": 50.0},
        {"bagging_fraction": 0.5, "bagging_freq": 1},
    ],
    ids=str,
)
def test_margins_and_contributions_are_lightgbms_own(parameters):
    booster, x = trained(**parameters)
    tables = TreeTables(read_forest(booster.model_to_string()), (-1.0, 0.0, 1.0))
    rows = np.concatenate([x[:200], np.nextafter(x[:100], np.inf), np.nextafter(x[:100], -np.inf), 100.0 * x[:20]])
    margins, contributions = tables.predict(rows)
    theirs = booster.predict(rows, pred_contrib=True, num_threads=1).reshape(len(rows), 3, -1)
    expected = theirs[:, 2] - theirs[:, 0]

    np.testing.assert_allclose(margins, booster.predict(rows, raw_score=True, num_threads=1), rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(contributions, expected[:, :-1], rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(tables.base, expected[0, -1], rtol=0.0, atol=1e-12)


def test_values_on_a_threshold_go_where_lightgbm_sends_them():
    booster, _ = trained()
    thresholds = [
        sorted(
            float(t) for line in booster.model_to_string().splitlines() if line.startswith("threshold=") for t in line[10:].split()
        )
    ][0][:200]
    rows = np.repeat(np.array(thresholds)[:, None], 6, axis=1)
    margins, _ = TreeTables(read_forest(booster.model_to_string()), (-1.0, 0.0, 1.0)).predict(rows)

    np.testing.assert_allclose(margins, booster.predict(rows, raw_score=True, num_threads=1), rtol=0.0, atol=1e-12)


def test_a_stored_models_probabilities_are_the_calibrated_ones_of_lightgbm(artefacts, boosted):
    files = load(artefacts, boosted.id).files
    x = np.random.default_rng(1).normal(size=(50, FEATURE_COUNT))
    margins = lightgbm.Booster(model_str=files["model.txt"].decode()).predict(x[:, TECHNICAL], raw_score=True, num_threads=1)
    expected = Calibration.from_record(json.loads(files["calibration.json"])).probabilities(margins)

    np.testing.assert_allclose(load_predictor(artefacts, boosted.id).predict(x).probabilities, expected, rtol=0.0, atol=1e-12)


def test_a_model_with_missing_values_of_its_own_is_refused():
    rng = np.random.default_rng(3)
    x = np.where(rng.random((900, 3)) < 0.1, np.nan, rng.normal(size=(900, 3)))
    y = (np.nan_to_num(x[:, 0]) > 0).astype(int) + (rng.random(900) > 0.5)
    booster = lightgbm.train(
        {"objective": "multiclass", "num_class": 3, "num_threads": 1, "verbose": -1}, lightgbm.Dataset(x, y), 5
    )

    with pytest.raises(TreesError, match="numeric splits"):
        read_forest(booster.model_to_string())


def test_a_model_of_another_objective_is_refused():
    x = np.random.default_rng(3).normal(size=(300, 2))
    booster = lightgbm.train({"objective": "binary", "num_threads": 1, "verbose": -1}, lightgbm.Dataset(x, x[:, 0] > 0), 3)

    with pytest.raises(TreesError, match="expected a multiclass model"):
        read_forest(booster.model_to_string())


def test_a_model_text_that_lost_a_tree_is_refused():
    text = trained()[0].model_to_string()
    start = text.index("Tree=4\n")

    with pytest.raises(TreesError, match="expected 90 trees, found 89"):
        read_forest(text[:start] + text[text.index("Tree=5\n") :])


def test_paths_that_need_too_large_tables_are_refused():
    booster, _ = trained(features=12, num_leaves=200, max_depth=-1, min_data_in_leaf=1)

    with pytest.raises(TreesError, match="features on a path"):
        read_forest(booster.model_to_string())

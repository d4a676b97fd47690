"""From history to a stored model."""

import json

import numpy as np
import pytest

from models.artifacts import load
from models.loading import load_predictor
from models.training.config import TrainingConfig
from models.training.train import train
from models.training.walk import TrainingError
from tests.unit.models.conftest import CONFIG
from tests.unit.models.series import trending, walk


def test_the_same_history_gives_the_same_artefact(boosted, tmp_path):
    again = train({"T": trending(900, 2), "S": trending(900, 1)}, [], CONFIG, tmp_path)

    assert again.id == boosted.id
    for name in ("model.txt", "report.md", "report.json", "reliability.svg", "confusion.svg"):
        assert (again.path / name).read_bytes() == (boosted.path / name).read_bytes()


def test_another_history_gives_another_artefact(boosted, tmp_path):
    assert train({"S": trending(900, 1), "T": trending(899, 2)}, [], CONFIG, tmp_path).id != boosted.id


def test_the_manifest_says_what_the_model_is_and_what_it_has_seen(artefacts, boosted):
    manifest = load(artefacts, boosted.id).manifest
    bars = trending(900, 1)

    assert manifest["train_end"] == bars.end[-1] == load_predictor(artefacts, boosted.id).trained_until
    assert (manifest["interval"], manifest["kind"], manifest["rounds"], manifest["symbols"]) == ("1m", "lightgbm", 100, ["S", "T"])
    assert manifest["train_start"] == bars.end[79]  # 61 bars until every feature is known, 19 more until each is normalised
    assert len(manifest["features"]) == 18
    assert set(manifest["libraries"]) == {"lightgbm", "numpy", "scikit-learn"}


@pytest.mark.parametrize("kind", ["boosted", "linear"])
def test_what_can_be_learnt_is_found_out_of_sample(kind, artefacts, request):
    findings = json.loads(load(artefacts, request.getfixturevalue(kind).id).files["report.json"])

    assert findings["edge"]["log_loss_against_base_rates"] == "better"
    assert findings["edge"]["direction_log_loss_against_a_coin"] == "better"
    assert findings["model"]["log_loss"] < findings["baselines"]["base_rates"]["log_loss"] - 0.1


def test_noise_is_not_taken_for_an_edge(tmp_path):
    ref = train({"S": walk(900, seed=5), "T": walk(900, seed=6)}, [], CONFIG, tmp_path)
    findings = json.loads((ref.path / "report.json").read_text())
    report = (ref.path / "report.md").read_text()

    assert findings["edge"]["direction_log_loss_against_a_coin"] != "better"
    assert findings["edge"]["net_bps_against_always_hold"] != "better"
    assert "trading edge" in report
    assert "gained more" not in report


def test_the_report_counts_what_it_says(artefacts, boosted):
    files = load(artefacts, boosted.id).files
    findings = json.loads(files["report.json"])

    assert sum(findings["labels"].values()) == sum(findings["decisions"].values()) == findings["rows"]
    assert sum(sum(row) for row in findings["confusion"]) == findings["rows"]
    assert f"{findings['model']['log_loss']:.4f}" in files["report.md"].decode()
    assert files["reliability.svg"].startswith(b"<?xml")


def test_a_threshold_lets_the_asked_share_act_out_of_fold(artefacts, boosted):
    predictor = load_predictor(artefacts, boosted.id)
    x = np.random.default_rng(1).normal(size=(500, 24))

    assert predictor.threshold > 0.0
    assert 0.0 < (np.abs(predictor.predict(x).score) > predictor.threshold).mean() < 1.0


def test_progress_rises_to_the_end(tmp_path):
    told = []
    train(
        {"S": walk(500)},
        [],
        TrainingConfig("1m", kind="linear", folds=2),
        tmp_path,
        lambda what, share: told.append((share, what)),
    )

    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert told[-1] == (1.0, "1m: done")


def test_a_history_that_is_too_short_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="the history is too short"):
        train({"S": trending(90, 1)}, [], CONFIG, tmp_path)


@pytest.mark.parametrize("changes", [{"rounds": ()}, {"rounds": (200, 100)}, {"folds": 1}, {"first_share": 1.0}])
def test_a_config_that_makes_no_sense_is_refused(changes):
    with pytest.raises(ValueError, match="expected"):
        TrainingConfig("1m", **changes)

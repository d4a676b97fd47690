"""One small model of each kind, trained once for all tests."""

from pathlib import Path

import pytest

from models.artifacts import ModelRef
from models.training.config import TrainingConfig
from models.training.train import train
from tests.unit.models.series import trending

CONFIG = TrainingConfig("1m", folds=3, rounds=(100,))


@pytest.fixture(scope="session")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("artefacts")


@pytest.fixture(scope="session")
def boosted(artefacts: Path) -> ModelRef:
    return train({"S": trending(900, 1), "T": trending(900, 2)}, [], CONFIG, artefacts)


@pytest.fixture(scope="session")
def linear(artefacts: Path) -> ModelRef:
    config = TrainingConfig("1m", kind="linear", folds=3, rounds=(100,))
    return train({"S": trending(900, 1), "T": trending(900, 2)}, [], config, artefacts)

from pathlib import Path

import pytest

from tests.integration.demo.running import Demo


@pytest.fixture(scope="session")
def demo_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained by the first demo that runs, found by the others."""
    return tmp_path_factory.mktemp("demo-models")


@pytest.fixture(scope="session")
def replayed(tmp_path_factory: pytest.TempPathFactory, demo_models: Path) -> tuple[Demo, dict]:
    """A demo that has run to the end of the recordings, and its figures."""
    demo = Demo(tmp_path_factory.mktemp("demo") / "data", demo_models)
    return demo, demo.once()


@pytest.fixture
def fresh(tmp_path: Path, replayed: tuple[Demo, dict], demo_models: Path) -> Demo:
    """A demo on an empty data folder, whose models are there."""
    assert replayed
    return Demo(tmp_path / "data", demo_models)

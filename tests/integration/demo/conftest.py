import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.demo.running import Demo

Making = Callable[[], Demo]


@pytest.fixture(scope="session")
def new_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Making]:
    """Makes demos, each on an empty data folder; the first one that runs trains the models, the others find them.

    The data are not in pytest's folder: every pytest that begins takes that from other users, and a PostgreSQL that root has
    started is another user.
    """
    models = tmp_path_factory.mktemp("demo-models")
    with ExitStack() as folders:

        def make() -> Demo:
            folder = folders.enter_context(tempfile.TemporaryDirectory(prefix="autotrader-test-"))
            return Demo(Path(folder) / "data", models)

        yield make


@pytest.fixture(scope="session")
def replayed(new_demo: Making) -> tuple[Demo, dict]:
    """A demo that has run to the end of the recordings, and its figures."""
    demo = new_demo()
    return demo, demo.once()


@pytest.fixture
def fresh(replayed: tuple[Demo, dict], new_demo: Making) -> Demo:
    """A demo on an empty data folder, whose models are there."""
    assert replayed
    return new_demo()

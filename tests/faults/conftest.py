from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest

from infra.local.stack import EmbeddedStack
from schemas.topics import BARS, FEATURES, RECOMMENDATIONS
from tests.faults.platform import Platform, platform
from tests.faults.results import Fingerprint
from tests.faults.world import SHORT, side_messages, tick_messages, train_model


class Opening(Protocol):
    def __call__(self) -> AbstractContextManager[Platform]: ...


@dataclass(frozen=True)
class Undisturbed:
    """What a run without faults left behind."""

    topics: dict[str, Fingerprint]
    tables: dict[str, Fingerprint]


@pytest.fixture(scope="session")
def open_platform(stack: EmbeddedStack, tmp_path_factory: pytest.TempPathFactory) -> Opening:
    """Opens platforms without records, with the same model."""
    models: Path = tmp_path_factory.mktemp("models")
    train_model(models)
    return partial(platform, stack, models)


@pytest.fixture(scope="session")
def undisturbed(open_platform: Opening) -> Undisturbed:
    """The market of the short tests, told at once to one worker that nobody kills."""
    with open_platform() as quiet:
        quiet.write([*side_messages(), *tick_messages(SHORT)])
        quiet.streams()
        quiet.projections()
        quiet.until_projected()
        expected = Undisturbed(quiet.fingerprints(), quiet.tables())
    assert min(expected.topics[topic][0] for topic in (BARS, FEATURES, RECOMMENDATIONS)) > 500
    assert min(count for count, _ in expected.tables.values()) > 20
    return expected


@pytest.fixture
def running(open_platform: Opening) -> Iterator[Platform]:
    """A platform for one test."""
    with open_platform() as opened:
        yield opened

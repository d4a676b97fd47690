from collections.abc import Iterator

import pytest

from tests.unit.api.building import Built, Client, stocked


@pytest.fixture
def built() -> Built:
    """An application over memory that holds some of everything; a test may change it before it asks."""
    return Built(reads=stocked())


@pytest.fixture
def client(built: Built) -> Iterator[Client]:
    with built.client() as asking:
        yield asking

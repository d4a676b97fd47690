from collections.abc import Iterator

import pytest

from infra.local.stack import EmbeddedStack
from tests.integration.projections.world import World


@pytest.fixture
def world(stack: EmbeddedStack, namespace: str) -> Iterator[World]:
    made = World(stack, namespace)
    try:
        yield made
    finally:
        made.close()

from pathlib import Path

import pytest

from infra.local.stack import EmbeddedStack
from tests.integration.ingest.command import Command


@pytest.fixture(scope="session")
def command(stack: EmbeddedStack, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The command against the stack, with all topics."""
    command = Command(stack, Path(tmp_path_factory.mktemp("command")))
    assert command.run("topics", "create", "--json").code == 0
    return command

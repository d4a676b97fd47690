from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.apicurio import running_apicurio
from tests.servers.clickhouse import ClickHouseServer, clickhouse_program, running_clickhouse

CACHE = Path(__file__).parents[2] / ".autotrader" / "cache" / "servers"


@pytest.fixture(scope="session")
def apicurio_url() -> Iterator[str]:
    """The Confluent-compatible interface of a running Apicurio Registry."""
    with running_apicurio(CACHE) as url:
        yield url


@pytest.fixture(scope="session")
def clickhouse_server() -> Iterator[ClickHouseServer]:
    """A running ClickHouse server from the Debian package; skips where the package is not installed."""
    program = clickhouse_program()
    if program is None:
        pytest.skip("clickhouse-server is not installed")
    with running_clickhouse(program) as server:
        yield server

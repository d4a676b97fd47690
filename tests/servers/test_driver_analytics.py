"""The suite that every adapter of the Analytics port passes, on a real ClickHouse server through its driver."""

from collections.abc import Iterator

import pytest

from infra.clients.clickhouse_driver import DriverAnalytics
from tests.contract.analytics import AnalyticsContract, RejectedError, UnavailableError
from tests.servers.clickhouse import ClickHouseServer

pytestmark = pytest.mark.servers


class TestDriverAnalytics(AnalyticsContract):
    @pytest.fixture
    def analytics(self, clickhouse_server: ClickHouseServer) -> Iterator[DriverAnalytics]:
        client = DriverAnalytics(
            clickhouse_server.host,
            clickhouse_server.port,
            user=clickhouse_server.user,
            password=clickhouse_server.password,
            database=clickhouse_server.database,
            unavailable=UnavailableError,
            rejected=RejectedError,
        )
        yield client
        client.close()

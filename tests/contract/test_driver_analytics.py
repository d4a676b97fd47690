import os
import time
from collections.abc import Iterator

import pytest

from infra.clients.clickhouse_driver import DriverAnalytics
from tests.contract.analytics import AnalyticsContract, RejectedError, UnavailableError, create_table, some_rows
from tests.contract.lossy_proxy import LossyProxy

pytestmark = pytest.mark.servers

ADDRESS = "TEST_CLICKHOUSE"


@pytest.fixture
def server() -> tuple[str, int]:
    """Return the address of a ClickHouse server, which pip alone cannot bring; `host:port` in TEST_CLICKHOUSE."""
    address = os.environ.get(ADDRESS)
    if address is None:
        pytest.skip(f"needs a ClickHouse server: set {ADDRESS}=host:port (native protocol)")
    host, _, port = address.rpartition(":")
    return host, int(port)


def client_of(host: str, port: int, *, timeout_s: float = 30.0, database: str = "default") -> DriverAnalytics:
    return DriverAnalytics(
        host, port, unavailable=UnavailableError, rejected=RejectedError, database=database, connect_timeout_s=2.0, timeout_s=timeout_s
    )


@pytest.fixture
def analytics(server: tuple[str, int]) -> Iterator[DriverAnalytics]:
    client = client_of(*server)
    yield client
    client.close()


class TestDriverAnalytics(AnalyticsContract):
    def test_a_lost_answer_is_unavailable_though_the_rows_may_be_there(
        self, server: tuple[str, int], analytics: DriverAnalytics, table: str
    ) -> None:
        with LossyProxy(*server) as proxy:
            client = client_of("127.0.0.1", proxy.port)
            client.query("SELECT 1")
            proxy.lose_answers.set()
            with pytest.raises(UnavailableError):
                client.insert(table, some_rows(10))
            proxy.lose_answers.clear()

            assert [1] == client.query("SELECT 1 AS one")["one"]
        assert analytics.query(f"SELECT count() AS n FROM {table}")["n"][0] in {0, 10}

    def test_no_answer_in_time_is_unavailable(self, server: tuple[str, int]) -> None:
        client = client_of(*server, timeout_s=0.5)
        begin = time.monotonic()

        with pytest.raises(UnavailableError):
            client.query("SELECT sleep(3)")
        assert time.monotonic() - begin < 2.0
        assert [1] == client.query("SELECT 1 AS one")["one"]

    def test_a_database_that_does_not_exist_is_rejected(self, server: tuple[str, int], namespace: str) -> None:
        with pytest.raises(RejectedError):
            client_of(*server, database=namespace).query("SELECT 1 FROM no_such_table")

    def test_columns_have_the_speed_of_columns(self, analytics: DriverAnalytics, namespace: str) -> None:
        create_table(analytics, namespace)
        rows = some_rows(300_000)
        begin = time.monotonic()
        analytics.insert(namespace, rows)
        elapsed_s = time.monotonic() - begin
        analytics.execute(f"DROP TABLE {namespace}")

        assert elapsed_s < 6.0  # 50,000 rows a second: an order below what is measured, far above row by row


class TestWithoutServer:
    def test_a_port_that_nobody_listens_on_is_unavailable(self) -> None:
        with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:1"):
            client_of("127.0.0.1", 1).query("SELECT 1")

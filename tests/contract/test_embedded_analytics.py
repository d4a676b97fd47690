import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from infra.clients.clickhouse_embedded import EmbeddedAnalytics
from infra.local.stack import EmbeddedStack
from tests.contract.analytics import AnalyticsContract, RejectedError, UnavailableError

pytestmark = pytest.mark.stack


def client_of(socket_path: str, *, timeout_s: float = 30.0, database: str = "autotrader") -> EmbeddedAnalytics:
    return EmbeddedAnalytics(
        socket_path, unavailable=UnavailableError, rejected=RejectedError, timeout_s=timeout_s, database=database
    )


@pytest.fixture
def analytics(stack: EmbeddedStack) -> Iterator[EmbeddedAnalytics]:
    client = client_of(stack.endpoints().clickhouse_socket)
    yield client
    client.close()


class TestEmbeddedAnalytics(AnalyticsContract):
    def test_microsecond_times_are_integers_in_rows_and_parameters(self, analytics: EmbeddedAnalytics, namespace: str) -> None:
        analytics.execute(f"CREATE TABLE {namespace} (start DateTime64(6, 'UTC')) ENGINE = MergeTree ORDER BY start")
        times = [1_381_000_000_000_001, 1_381_000_000_000_002, 1_381_000_000_000_003]
        analytics.insert(namespace, {"start": np.array(times)})

        found = analytics.query(f"SELECT start FROM {namespace} WHERE start >= {{t:DateTime64(6)}} ORDER BY start", {"t": times[1]})

        assert {"start": times[1:]} == found

    def test_a_list_is_a_set_of_any_size(self, analytics: EmbeddedAnalytics) -> None:
        sql = "SELECT count() AS n FROM numbers(10) WHERE toString(number) IN {wanted:Array(String)}"

        assert [[0], [1], [2]] == [analytics.query(sql, {"wanted": list(wanted)})["n"] for wanted in ("", "3", "37")]

    def test_arrays_and_nullables_keep_what_is_empty(self, analytics: EmbeddedAnalytics, namespace: str) -> None:
        analytics.execute(
            f"CREATE TABLE {namespace} (i UInt8, tags Array(String), x Nullable(Float64), s LowCardinality(String))"
            " ENGINE = MergeTree ORDER BY i"
        )
        columns = {"i": [1, 2, 3], "tags": [[], ["a", "b"], []], "x": [None, 1.5, None], "s": ["", "x", "y"]}
        analytics.insert(namespace, columns)

        assert columns == analytics.query(f"SELECT i, tags, x, s FROM {namespace} ORDER BY i")

    def test_a_table_made_anew_with_other_columns_is_noticed(self, analytics: EmbeddedAnalytics, namespace: str) -> None:
        analytics.execute(f"CREATE TABLE {namespace} (a UInt8) ENGINE = MergeTree ORDER BY a")
        analytics.insert(namespace, {"a": [1]})
        analytics.execute(f"DROP TABLE {namespace}")
        analytics.execute(f"CREATE TABLE {namespace} (b String) ENGINE = MergeTree ORDER BY b")

        with pytest.raises(RejectedError):
            analytics.insert(namespace, {"a": [1]})
        analytics.insert(namespace, {"b": ["x"]})

        assert {"b": ["x"]} == analytics.query(f"SELECT b FROM {namespace}")

    def test_a_column_that_was_added_meanwhile_is_noticed(self, analytics: EmbeddedAnalytics, namespace: str) -> None:
        analytics.execute(f"CREATE TABLE {namespace} (a UInt8) ENGINE = MergeTree ORDER BY a")
        analytics.insert(namespace, {"a": [1]})
        analytics.execute(f"ALTER TABLE {namespace} ADD COLUMN b String")

        analytics.insert(namespace, {"a": [2], "b": ["x"]})

        assert {"b": ["", "x"]} == analytics.query(f"SELECT b FROM {namespace} ORDER BY a")

    def test_a_database_that_does_not_exist_is_rejected(self, stack: EmbeddedStack, namespace: str) -> None:
        with pytest.raises(RejectedError, match=namespace):
            client_of(stack.endpoints().clickhouse_socket, database=namespace).query("SELECT 1")

    def test_a_long_query_does_not_hold_up_another(self, analytics: EmbeddedAnalytics) -> None:
        analytics.query("SELECT 1")
        slow = threading.Thread(target=analytics.query, args=("SELECT sleep(1.5)",))
        slow.start()
        begin = time.monotonic()
        analytics.query("SELECT 1")
        elapsed_s = time.monotonic() - begin
        slow.join()

        assert elapsed_s < 1.0

    def test_no_answer_in_time_is_unavailable(self, stack: EmbeddedStack) -> None:
        client = client_of(stack.endpoints().clickhouse_socket, timeout_s=0.5)

        with pytest.raises(UnavailableError, match="timed out"):
            client.query("SELECT sleep(2)")
        assert {"one": [1]} == client.query("SELECT 1 AS one")

    def test_a_missing_socket_is_unavailable(self, tmp_path: Path) -> None:
        with pytest.raises(UnavailableError, match=r"nobody\.sock"):
            client_of(str(tmp_path / "nobody.sock")).query("SELECT 1")

    def test_a_server_that_is_killed_is_unavailable_until_it_is_back(self, stack: EmbeddedStack, namespace: str) -> None:
        client = client_of(stack.endpoints().clickhouse_socket)
        client.execute(f"CREATE TABLE {namespace} (a UInt8) ENGINE = MergeTree ORDER BY a")
        client.insert(namespace, {"a": [1]})
        stack.kill("clickhouse")
        try:
            with pytest.raises(UnavailableError):
                client.insert(namespace, {"a": [2]})
        finally:
            stack.start("clickhouse")

        assert {"a": [1]} == client.query(f"SELECT a FROM {namespace}")

    def test_a_client_that_breaks_off_leaves_nothing_behind(
        self, stack: EmbeddedStack, analytics: EmbeddedAnalytics, namespace: str
    ) -> None:
        analytics.execute(f"CREATE TABLE {namespace} (a UInt8) ENGINE = MergeTree ORDER BY a")
        with socket.socket(socket.AF_UNIX) as broken:
            broken.connect(stack.endpoints().clickhouse_socket)
            statement = f"INSERT INTO autotrader.{namespace}".encode()
            broken.sendall(bytes([3]) + (1_000_000).to_bytes(8) + len(statement).to_bytes(4) + statement + b"half a stream")

        analytics.insert(namespace, {"a": [1]})
        assert {"a": [1]} == analytics.query(f"SELECT a FROM {namespace}")

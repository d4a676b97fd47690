"""The driver adapter against a real ClickHouse server: what the network and the server can do to it.

The server is an old one, so tables here are of this file's own making; the product's SQL is proved on the embedded engine.
"""

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infra.clients.clickhouse_driver import DriverAnalytics
from infra.local.ports import free_port
from projections.ports import StoreRejected, StoreUnavailable
from tests.servers.clickhouse import ClickHouseServer, clickhouse_program, running_clickhouse
from tests.servers.proxy import Mode, Proxy, proxy_to

pytestmark = pytest.mark.servers

Connect = Callable[..., DriverAnalytics]


@pytest.fixture
def proxy(clickhouse_server: ClickHouseServer) -> Iterator[Proxy]:
    with proxy_to(clickhouse_server.host, clickhouse_server.port) as running:
        yield running


@pytest.fixture
def connect(clickhouse_server: ClickHouseServer) -> Iterator[Connect]:
    opened = []

    def connected(**changes: Any) -> DriverAnalytics:
        values = {
            "host": clickhouse_server.host,
            "port": clickhouse_server.port,
            "user": clickhouse_server.user,
            "password": clickhouse_server.password,
            "database": clickhouse_server.database,
            "unavailable": StoreUnavailable,
            "rejected": StoreRejected,
            "connect_timeout_s": 2.0,
            "timeout_s": 5.0,
        }
        opened.append(DriverAnalytics(**{**values, **changes}))
        return opened[-1]

    yield connected
    for client in opened:
        client.close()


@pytest.fixture
def table(connect: Connect) -> str:
    """A table that replaces rows of the same key by the latest version, as the product's tables do."""
    name = f"t{uuid.uuid4().hex[:12]}"
    connect().execute(
        f"CREATE TABLE {name} (symbol String, start DateTime('UTC'), close Float64, trades Int64, inputs Array(String), "
        "revision UInt32) ENGINE = ReplacingMergeTree(revision) PARTITION BY toYYYYMM(start) ORDER BY (symbol, start)"
    )
    return name


def columns(rows: int, revision: int = 0) -> dict[str, Any]:
    return {
        "symbol": [f"S{at % 10}" for at in range(rows)],
        "start": 1_378_000_800 + np.arange(rows, dtype=np.int64),
        "close": np.linspace(1.0, 2.0, rows),
        "trades": 2**62 - np.arange(rows, dtype=np.int64),
        "inputs": [["first", "é"]] * rows,
        "revision": np.full(rows, revision, np.uint32),
    }


def count(client: DriverAnalytics, table: str, final: str = "") -> int:
    return int(client.query(f"SELECT count() AS n FROM {table} {final}")["n"][0])


def test_the_server_is_the_one_that_debian_packages(clickhouse_server: ClickHouseServer) -> None:
    assert clickhouse_server.version.startswith("18.16.")


def test_the_server_runs_unprivileged(clickhouse_server: ClickHouseServer) -> None:
    status = Path(f"/proc/{clickhouse_server.pid()}/status").read_text()
    uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]

    assert "0" not in uids


def test_columns_come_back_as_they_went_in(connect: Connect, table: str) -> None:
    given = columns(1_000)

    connect().insert(table, given)

    found = connect().query(f"SELECT symbol, start, close, trades, inputs FROM {table} ORDER BY start")
    assert given["symbol"] == found["symbol"]
    assert given["start"].tolist() == found["start"]
    assert given["trades"].tolist() == found["trades"]
    assert given["close"].tobytes() == np.array(found["close"]).tobytes()
    assert given["inputs"] == [list(value) for value in found["inputs"]]


def test_a_block_of_a_hundred_thousand_rows_is_one_part(connect: Connect, table: str) -> None:
    connect().insert(table, columns(100_000))

    parts = connect().query(f"SELECT rows FROM system.parts WHERE table = '{table}' AND active")
    assert [100_000] == parts["rows"]


def test_inserting_the_same_again_replaces(connect: Connect, table: str) -> None:
    client = connect()
    client.insert(table, columns(500))
    client.insert(table, columns(500, revision=1))

    assert 500 == count(client, table, "FINAL")


def test_no_rows_are_no_request(connect: Connect, table: str, proxy: Proxy) -> None:
    connect(port=proxy.port).insert(table, columns(0))

    assert 0 == proxy.connections


def test_parameters_are_values_and_never_sql(connect: Connect, table: str) -> None:
    client = connect()
    client.insert(table, columns(10))

    found = client.query(f"SELECT start FROM {table} WHERE symbol = {{symbol:String}}", {"symbol": "S3' OR '1' = '1"})

    assert [] == found["start"]


def test_a_lost_answer_to_an_insert_is_unavailable_though_it_happened(connect: Connect, table: str, proxy: Proxy) -> None:
    through = connect(port=proxy.port)
    assert 0 == count(through, table)
    proxy.mode = Mode.CUT_ANSWER
    rows = columns(50)

    # The driver waits for the header of the table before it sends the block: this is the word that is lost.
    with pytest.raises(StoreUnavailable):
        through.insert(table, rows)
    assert proxy.lost_bytes > 0

    proxy.mode = Mode.PASS
    through.insert(table, rows)
    assert 50 == count(through, table, "FINAL")


class AfterTheBlock(Proxy):
    """Lets the answer to the statement pass and loses the one to the block: the insert is done, and nobody says so."""

    def __init__(self, server: ClickHouseServer) -> None:
        self.block_bytes = 0
        super().__init__(server.host, server.port)

    def _forward(self, source: Any, target: Any, from_server: bool) -> None:
        if from_server:
            super()._forward(source, target, from_server)
            return
        while data := source.recv(65_536):
            self.block_bytes = max(self.block_bytes, len(data))
            if len(data) > 10_000:
                self.mode = Mode.CUT_ANSWER
            target.sendall(data)


def test_an_insert_that_was_done_but_not_confirmed_can_be_repeated(
    connect: Connect, table: str, clickhouse_server: ClickHouseServer
) -> None:
    proxy = AfterTheBlock(clickhouse_server)
    try:
        with pytest.raises(StoreUnavailable):
            connect(port=proxy.port).insert(table, columns(20_000))
        deadline = time.monotonic() + 10
        while count(connect(), table) < 20_000 and time.monotonic() < deadline:
            time.sleep(0.05)

        assert 20_000 == count(connect(), table)  # the outcome was unknown to the client, and it was done
        connect().insert(table, columns(20_000))
        assert 20_000 == count(connect(), table, "FINAL")
    finally:
        proxy.close()


def test_a_lost_answer_to_a_query_is_unavailable_and_the_next_one_is_answered(connect: Connect, table: str, proxy: Proxy) -> None:
    through = connect(port=proxy.port)
    assert 0 == count(through, table)
    proxy.mode = Mode.CUT_ANSWER

    with pytest.raises(StoreUnavailable, match=r"ClickHouse at 127\.0\.0\.1"):
        count(through, table)

    proxy.mode = Mode.PASS
    assert 0 == count(through, table)


def test_a_server_that_says_nothing_is_unavailable_in_time(connect: Connect, table: str, proxy: Proxy) -> None:
    through = connect(port=proxy.port, timeout_s=1.0)
    assert 0 == count(through, table)
    proxy.mode = Mode.SWALLOW
    began = time.monotonic()

    with pytest.raises(StoreUnavailable):
        count(through, table)

    assert time.monotonic() - began < 8


def test_a_query_that_takes_too_long_is_unavailable_in_time(connect: Connect) -> None:
    began = time.monotonic()

    with pytest.raises(StoreUnavailable):
        connect(timeout_s=1.0).query("SELECT sleep(3) AS s")

    assert time.monotonic() - began < 3


def test_a_frozen_server_is_unavailable_in_time_and_back_when_it_thaws(
    connect: Connect, clickhouse_server: ClickHouseServer
) -> None:
    client = connect(timeout_s=1.0, connect_timeout_s=1.0)
    os.kill(clickhouse_server.pid(), signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnavailable):
            client.query("SELECT 1 AS one")
    finally:
        os.kill(clickhouse_server.pid(), signal.SIGCONT)

    assert {"one": [1]} == client.query("SELECT 1 AS one")


def test_nobody_there_is_unavailable(connect: Connect) -> None:
    port = free_port()

    with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{port}"):
        connect(port=port).query("SELECT 1")


@pytest.mark.parametrize(
    "change", [{"password": "wrong"}, {"user": "nobody"}, {"database": "nothing"}], ids=["password", "user", "database"]
)
def test_a_refused_connection_is_rejected(connect: Connect, change: dict[str, str]) -> None:
    with pytest.raises(StoreRejected):
        connect(**change).query("SELECT 1 FROM nothing.at_all")


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT nothing", "SELECT * FROM nothing"])
def test_a_wrong_statement_is_rejected_and_the_connection_stays_usable(connect: Connect, sql: str) -> None:
    client = connect()

    with pytest.raises(StoreRejected):
        client.query(sql)
    assert {"one": [1]} == client.query("SELECT 1 AS one")


def test_values_of_another_type_are_rejected_and_none_of_the_block_is_stored(connect: Connect, table: str) -> None:
    client = connect()

    with pytest.raises(StoreRejected):
        client.insert(table, {**columns(3), "close": ["no", "number", "here"]})
    assert 0 == count(client, table)


def test_what_the_driver_cannot_pack_is_rejected_too(connect: Connect, table: str) -> None:
    client = connect()
    client.execute(f"ALTER TABLE {table} ADD COLUMN day Date")

    with pytest.raises(StoreRejected, match="the driver refused the data"):
        client.insert(table, {**columns(3), "day": [15_000, 15_001, 15_002]})
    assert 0 == count(client, table)


def test_threads_share_a_client(connect: Connect, table: str) -> None:
    client = connect()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda at: client.insert(table, {**columns(100), "symbol": [f"T{at}"] * 100}), range(16)))

    assert 1_600 == count(client, table)


@pytest.mark.usefixtures("clickhouse_server")
def test_a_server_that_was_killed_is_unavailable(connect: Connect) -> None:
    """With a server of its own."""
    with running_clickhouse(clickhouse_program() or "") as own:
        client = connect(port=own.port)
        assert {"one": [1]} == client.query("SELECT 1 AS one")
        own.child.process.kill()
        own.child.process.wait()

        with pytest.raises(StoreUnavailable):
            client.query("SELECT 1 AS one")

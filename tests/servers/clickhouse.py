"""The ClickHouse server that Debian packages (18.16), with settings, data and ports of its own."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clickhouse_driver import Client
from clickhouse_driver.errors import Error

from infra.local.ports import free_port
from tests.servers.child import Child, folder_for_a_server, hand_over

USER, PASSWORD, DATABASE = "autotrader", "only-for-tests", "autotrader"

_CONFIG = """<?xml version="1.0"?>
<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <listen_host>127.0.0.1</listen_host>
  <tcp_port>{port}</tcp_port>
  <path>{folder}/data/</path>
  <tmp_path>{folder}/tmp/</tmp_path>
  <mark_cache_size>67108864</mark_cache_size>
  <timezone>UTC</timezone>
  <users_config>users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
</yandex>
"""

_USERS = f"""<?xml version="1.0"?>
<yandex>
  <profiles><default><max_memory_usage>1000000000</max_memory_usage></default></profiles>
  <users>
    <{USER}>
      <password>{PASSWORD}</password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </{USER}>
  </users>
  <quotas><default/></quotas>
</yandex>
"""


@dataclass(frozen=True)
class ClickHouseServer:
    """A running server: where it is, who may come in, and its process (for tests that freeze or kill it)."""

    host: str
    port: int
    user: str
    password: str
    database: str
    version: str
    child: Child

    def pid(self) -> int:
        return self.child.process.pid


def clickhouse_program() -> str | None:
    """Return the server program, None where it is not installed."""
    return shutil.which("clickhouse-server", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/bin"]))


@contextmanager
def running_clickhouse(program: str) -> Iterator[ClickHouseServer]:
    """Start a server on a free port, give it, end it."""
    port = free_port()
    with folder_for_a_server() as folder:
        _write(folder / "config.xml", _CONFIG.format(port=port, folder=folder))
        _write(folder / "users.xml", _USERS)
        child = Child([program, "--config-file=config.xml"], folder)
        try:
            child.wait_until(lambda: _listens(port))
            version = _prepare(port)
            yield ClickHouseServer("127.0.0.1", port, USER, PASSWORD, DATABASE, version, child)
        finally:
            child.stop()


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)
    hand_over(path)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _prepare(port: int) -> str:
    client = Client("127.0.0.1", port, user=USER, password=PASSWORD)
    try:
        client.execute(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
        return str(client.execute("SELECT version()")[0][0])
    except Error as error:
        raise RuntimeError(f"expected a ClickHouse server on port {port}, found {error}") from error
    finally:
        client.disconnect()

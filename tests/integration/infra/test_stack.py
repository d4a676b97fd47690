import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from confluent_kafka.admin import AdminClient

from infra.clients.clickhouse_embedded import EmbeddedAnalytics
from infra.local.errors import ComponentFailedError, StackDownError
from infra.local.progress import Progress
from infra.local.stack import EmbeddedStack
from tests.conftest import CACHE, ROOT

pytestmark = pytest.mark.stack


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a data folder that is nobody's yet; whatever runs there at the end is stopped."""
    with tempfile.TemporaryDirectory(prefix="autotrader-test-") as parent:
        data_dir = Path(parent) / "stack"
        yield data_dir
        EmbeddedStack(data_dir, cache_dir=CACHE).down()


def pids_of(stack: EmbeddedStack) -> list[int | None]:
    return [component.pid for component in stack.status()]


def children_of_stack(data_dir: Path) -> list[str]:
    """Return the command lines of all processes that have to do with the folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = " ".join(process.info["cmdline"] or [])
        if str(data_dir) in command and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(command)
    return found


def wait_until_gone(data_dir: Path, timeout_s: float = 15.0) -> list[str]:
    end = time.monotonic() + timeout_s
    while (left := children_of_stack(data_dir)) and time.monotonic() < end:
        time.sleep(0.1)
    return left


class TestRunningStack:
    def test_a_second_start_finds_the_same_endpoints_and_processes(self, stack: EmbeddedStack) -> None:
        endpoints, pids = stack.endpoints(), pids_of(stack)

        assert endpoints == stack.up()
        assert pids == pids_of(stack)

    def test_the_status_names_every_component_with_its_process_and_memory(self, stack: EmbeddedStack) -> None:
        status = stack.status()

        assert ["kafka", "postgres", "clickhouse"] == [component.name for component in status]
        assert all(component.running and component.pid and component.endpoint for component in status)
        assert all(component.rss_mib and component.rss_mib > 10 and component.uptime_s for component in status)

    @pytest.mark.parametrize("name", ["kafka", "postgres", "clickhouse"])
    def test_a_killed_component_is_down_and_comes_back_where_it_was(self, stack: EmbeddedStack, name: str) -> None:
        endpoints = stack.endpoints()
        stack.kill(name)
        try:
            assert [name] == [component.name for component in stack.status() if not component.running]
            with pytest.raises(StackDownError, match=name):
                stack.endpoints()
        finally:
            stack.start(name)

        assert endpoints == stack.endpoints()
        assert AdminClient({"bootstrap.servers": endpoints.kafka}).list_topics(timeout=10).brokers
        assert psycopg.connect(endpoints.postgres_dsn).execute("SELECT 1").fetchone() == (1,)

    def test_a_component_killed_by_somebody_else_is_noticed_and_started_again(self, stack: EmbeddedStack) -> None:
        endpoints = stack.endpoints()
        (pid,) = [component.pid for component in stack.status() if component.name == "clickhouse"]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        psutil.Process(pid).wait(timeout=5)

        assert endpoints == stack.up()

    def test_postgres_lets_in_nobody_but_its_user(self, stack: EmbeddedStack) -> None:
        connection = psycopg.connect(stack.endpoints().postgres_dsn)

        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SELECT auth_method FROM pg_hba_file_rules").fetchall() == [("peer",)]


class TestLifeOfAStack:
    def test_data_and_addresses_outlive_a_restart_and_end_with_a_reset(self, folder: Path) -> None:
        stack = EmbeddedStack(folder, cache_dir=CACHE)
        first = stack.up()
        with psycopg.connect(first.postgres_dsn) as connection:
            connection.execute("CREATE TABLE kept (a int)")
        run_dir = Path(first.clickhouse_socket).parent

        stack.down()

        assert [] == children_of_stack(folder)
        assert not run_dir.exists()
        with pytest.raises(StackDownError, match="stack up"):
            stack.endpoints()

        begin = time.monotonic()
        again = EmbeddedStack(folder, cache_dir=CACHE).up()
        warm_start_s = time.monotonic() - begin

        assert first == again
        assert warm_start_s < 15  # measured: 2-3 s on two idle cores
        with psycopg.connect(again.postgres_dsn) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)

        stack.reset()

        assert [] == children_of_stack(folder)
        assert [] == [path.name for path in folder.iterdir() if path.name != "stack.lock"]

    def test_two_stacks_live_side_by_side(self, stack: EmbeddedStack, folder: Path) -> None:
        other = EmbeddedStack(folder, cache_dir=CACHE).up(owner_pid=os.getpid())
        mine = stack.endpoints()
        analytics = EmbeddedAnalytics(other.clickhouse_socket, unavailable=OSError, rejected=ValueError)

        assert not {mine.kafka, mine.postgres_dsn, mine.clickhouse_socket} & {
            other.kafka,
            other.postgres_dsn,
            other.clickhouse_socket,
        }
        assert {"one": [1]} == analytics.query("SELECT 1 AS one")
        EmbeddedStack(folder, cache_dir=CACHE).down()
        assert mine == stack.endpoints()

    def test_two_starts_at_once_agree(self, folder: Path) -> None:
        program = (
            "import sys; from pathlib import Path; from infra.local.stack import EmbeddedStack;"
            "print(EmbeddedStack(Path(sys.argv[1]), cache_dir=Path(sys.argv[2])).up())"
        )
        command = [sys.executable, "-c", program, str(folder), str(CACHE)]
        started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)]

        outputs = [process.communicate(timeout=120)[0] for process in started]

        assert outputs[0] == outputs[1]
        assert "kafka=" in outputs[0]

    def test_a_stack_dies_with_its_owner_however_that_ends(self, folder: Path) -> None:
        program = (
            "import os, signal, sys; from pathlib import Path; from infra.local.stack import EmbeddedStack;"
            "EmbeddedStack(Path(sys.argv[1]), cache_dir=Path(sys.argv[2])).up(owner_pid=os.getpid());"
            "os.kill(os.getpid(), signal.SIGKILL)"
        )
        subprocess.run([sys.executable, "-c", program, str(folder), str(CACHE)], check=False, cwd=ROOT, timeout=120)

        assert [] == wait_until_gone(folder)
        assert not any(component.running for component in EmbeddedStack(folder).status())

    def test_ctrl_c_during_a_start_leaves_nothing_running(self, folder: Path) -> None:
        program = (
            "import sys; from pathlib import Path; from infra.local.stack import EmbeddedStack;"
            "stack = EmbeddedStack(Path(sys.argv[1]), cache_dir=Path(sys.argv[2]), progress=lambda p: print(p, flush=True));"
            "stack.up()"
        )
        command = [sys.executable, "-c", program, str(folder), str(CACHE)]
        starting = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
        assert starting.stdout is not None
        for line in starting.stdout:
            if "up after" in line:  # the first one: two others are still starting
                break
        starting.send_signal(signal.SIGINT)
        starting.communicate(timeout=60)

        assert -signal.SIGINT == starting.returncode
        assert [] == children_of_stack(folder)

    def test_the_pid_of_a_stranger_is_left_alone(self, folder: Path) -> None:
        stranger = subprocess.Popen(["sleep", "60"])
        try:
            folder.mkdir()
            process = {"pid": stranger.pid, "created": psutil.Process(stranger.pid).create_time() - 1000}
            state = {"version": 1, "owner": None, "processes": {"postgres": process}, "endpoints": {}}
            (folder / "stack.json").write_text(json.dumps(state))
            stack = EmbeddedStack(folder, cache_dir=CACHE)

            assert not any(component.running for component in stack.status())
            stack.down()
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait()

    def test_a_component_that_does_not_start_says_why_and_takes_the_others_along(self, folder: Path) -> None:
        messages: list[Progress] = []
        (folder / "kafka" / "logs").mkdir(parents=True)
        (folder / "kafka" / "formatted").touch()
        (folder / "kafka" / "logs" / "meta.properties").write_text("version=1\ncluster.id=x\nnode.id=7\n")
        stack = EmbeddedStack(folder, cache_dir=CACHE, progress=messages.append)

        with pytest.raises(ComponentFailedError, match=r"(?s)Kafka ended.*node id 7"):
            stack.up(owner_pid=os.getpid())

        assert [] == children_of_stack(folder)
        assert {"kafka", "postgres", "clickhouse"} == {message.component for message in messages}

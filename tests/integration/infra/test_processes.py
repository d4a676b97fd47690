import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from infra.local import processes
from infra.local.errors import StackBusyError, StackDownError
from infra.local.lock import exclusive
from infra.local.ports import free_port, is_free
from infra.local.processes import ProcessId, find
from infra.local.state import StackState, StateFile, endpoints_of

STUBBORN = "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
WITH_CHILD = "import subprocess, sys; child = subprocess.Popen(['sleep', '60']); print(child.pid, flush=True); child.wait()"


def start(tmp_path: Path, program: str) -> tuple[ProcessId, str]:
    """Start a program and return it with the first thing that it printed."""
    log = tmp_path / "log"
    process = processes.spawn([sys.executable, "-c", program], log=log, cwd=tmp_path)
    end = time.monotonic() + 20
    while not log.read_text().endswith("\n") and time.monotonic() < end:
        time.sleep(0.02)
    return process, log.read_text().strip()


def test_a_process_is_found_until_it_is_stopped(tmp_path: Path) -> None:
    process, _ = start(tmp_path, "import time; print('ready', flush=True); time.sleep(60)")

    assert find(process) is not None
    processes.stop(process)
    assert find(process) is None
    assert not psutil.pid_exists(process.pid)


def test_a_process_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    process, _ = start(tmp_path, STUBBORN)

    processes.stop(process, patience_s=0.3)

    assert find(process) is None


@pytest.mark.parametrize("end", [partial(processes.stop, patience_s=0.3), partial(processes.kill, orphans_s=0.3)])
def test_its_children_end_with_it(tmp_path: Path, end: Callable[[ProcessId], None]) -> None:
    process, child = start(tmp_path, WITH_CHILD)

    end(process)

    assert not psutil.pid_exists(int(child)) or psutil.Process(int(child)).status() == psutil.STATUS_ZOMBIE


def test_a_dead_child_is_not_taken_for_a_running_process(tmp_path: Path) -> None:
    process, _ = start(tmp_path, "print('ready', flush=True)")
    end = time.monotonic() + 5
    while find(process) is not None and time.monotonic() < end:
        time.sleep(0.02)

    assert find(process) is None
    assert not psutil.pid_exists(process.pid)


def test_a_later_process_with_the_same_pid_is_a_stranger() -> None:
    me = ProcessId.of(os.getpid())

    assert find(me) is not None
    assert find(ProcessId(me.pid, me.created - 60)) is None


def test_what_is_not_there_is_stopped_already() -> None:
    processes.stop(None)
    processes.kill(ProcessId(2**22 - 1, 0.0))


def test_ctrl_c_does_not_reach_a_spawned_process(tmp_path: Path) -> None:
    process, _ = start(tmp_path, "import time; print('ready', flush=True); time.sleep(60)")
    try:
        assert process.pid == os.getsid(process.pid)
        assert os.getpgid(process.pid) != os.getpgid(0)
    finally:
        processes.kill(process)


def test_a_free_port_is_free_and_not_one_that_clients_are_given() -> None:
    first_ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    port = free_port()

    assert is_free(port)
    assert max(free_port() for _ in range(50)) < first_ephemeral
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)


def test_the_lock_is_held_by_one_and_given_back_by_the_dead(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    program = (
        "import sys, time; from pathlib import Path; from infra.local.lock import exclusive\n"
        "with exclusive(Path(sys.argv[1]), 5):\n    print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert "held\n" == holder.stdout.readline()

    with pytest.raises(StackBusyError, match="held by another process"), exclusive(path, 0.2):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    with exclusive(path, 5):
        pass


class TestStateFile:
    def test_without_a_file_nothing_runs(self, tmp_path: Path) -> None:
        assert StackState() == StateFile(tmp_path / "stack.json").read()

    def test_what_was_recorded_is_read_by_others(self, tmp_path: Path) -> None:
        path, me = tmp_path / "stack.json", ProcessId.of(os.getpid())
        StateFile(path).record("kafka", me)
        StateFile(path).record_endpoint("kafka", "127.0.0.1:1")
        StateFile(path).set_owner(me)

        assert StackState(me, {"kafka": me}, {"kafka": "127.0.0.1:1"}) == StateFile(path).read()
        assert StateFile(path).read().runs("kafka")

    def test_a_stopped_component_keeps_its_address(self, tmp_path: Path) -> None:
        state = StateFile(tmp_path / "stack.json")
        state.record("kafka", ProcessId(1, 1.0))
        state.record_endpoint("kafka", "127.0.0.1:1")
        state.record("kafka", None)

        assert StackState(None, {}, {"kafka": "127.0.0.1:1"}) == state.read()

    def test_threads_do_not_lose_each_others_records(self, tmp_path: Path) -> None:
        state = StateFile(tmp_path / "stack.json")
        threads = [threading.Thread(target=state.record_endpoint, args=(str(index), "x")) for index in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert 16 == len(state.read().endpoints)
        assert ["stack.json"] == [path.name for path in tmp_path.iterdir()]

    def test_a_file_of_another_version_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "stack.json"
        path.write_text('{"version": 99}')

        with pytest.raises(ValueError, match="expected version 1, found 99"):
            StateFile(path).read()

    def test_the_endpoints_of_a_stack_that_is_down_name_what_is_missing(self) -> None:
        with contextlib.ExitStack() as expected:
            expected.enter_context(pytest.raises(StackDownError, match="kafka, postgres, clickhouse"))
            endpoints_of(StackState(endpoints={"kafka": "127.0.0.1:1"}))

import contextlib
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import psutil

import infra
from infra.local import processes
from infra.local.clickhouse import EmbeddedClickHouse
from infra.local.component import Component
from infra.local.kafka import EmbeddedKafka
from infra.local.layout import Layout
from infra.local.lock import exclusive
from infra.local.postgres import EmbeddedPostgres
from infra.local.processes import ProcessId, find
from infra.local.progress import Abort, Progress, ProgressCallback, quiet
from infra.local.state import Endpoints, StackState, StateFile, endpoints_of

_LOCK_TIMEOUT_S = 120.0
_BYTES_PER_MIB = 1 << 20
_WATCHDOG = "watchdog"


@dataclass(frozen=True, slots=True)
class ComponentStatus:
    """What is known about one component; `endpoint` is the last known one, also while the component is down."""

    name: str
    running: bool
    pid: int | None
    endpoint: str | None
    uptime_s: float | None
    rss_mib: float | None


class EmbeddedStack:
    """Kafka, PostgreSQL and ClickHouse as child processes of one data folder, without docker, root or an installed Java.

    Any number of objects, in any number of processes, may speak for the same folder: what runs is written in its stack.json,
    and a lock file lets one of them at a time start or stop something. A stack has no owner, and outlives the process that
    started it, unless `up` names one.
    """

    def __init__(self, data_dir: Path, *, cache_dir: Path | None = None, progress: ProgressCallback = quiet) -> None:
        self._layout = Layout.of(data_dir, cache_dir)
        self._progress = progress
        self._state = StateFile(self._layout.state_file)
        self._components: Mapping[str, Component] = {
            component.name: component
            for component in (
                EmbeddedKafka(self._layout, progress),
                EmbeddedPostgres(self._layout, progress),
                EmbeddedClickHouse(self._layout),
            )
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the components."""
        return tuple(self._components)

    def up(self, *, owner_pid: int | None = None) -> Endpoints:
        """Start what does not run, side by side, and return the endpoints.

        With `owner_pid`, a stack that this call starts from nothing is taken down when that process ends, in whatever way; a
        stack that runs already keeps the owner it has. Raises StackError; nothing that this call started is left running then.
        """
        with self._locked():
            state = self._state.read()
            if state.owner is not None and find(state.owner) is None:
                self._stop_all()
            missing = [component for component in self._components.values() if not self._state.read().runs(component.name)]
            fresh = len(missing) == len(self._components)
            if fresh:
                self._give_to(ProcessId.of(owner_pid) if owner_pid is not None else None)
            try:
                self._start_all(missing)
            except BaseException:
                if fresh:
                    self._stop_all()
                raise
            return endpoints_of(self._state.read())

    def down(self) -> None:
        """Stop everything, cleanly where possible. The data stay."""
        if self._layout.state_file.exists():
            with self._locked():
                self._stop_all()

    def down_if_owned_by(self, owner: ProcessId) -> None:
        """Stop everything if the stack still belongs to `owner`; the watchdog's way of stopping."""
        if self._layout.state_file.exists():
            with self._locked():
                if self._state.read().owner == owner:
                    # The caller is the watchdog itself: it ends by itself, and must not be stopped half way.
                    self._state.record(_WATCHDOG, None)
                    self._stop_all()

    def reset(self) -> None:
        """Stop everything and delete the data of all components; the downloads stay."""
        self.down()
        if not self._layout.data_dir.exists():
            return
        with self._locked():
            for name in self._components:
                shutil.rmtree(self._layout.component_dir(name), ignore_errors=True)
            shutil.rmtree(self._layout.log_file("any").parent, ignore_errors=True)
            self._layout.state_file.unlink(missing_ok=True)
            self._remove_run_dir()

    def endpoints(self) -> Endpoints:
        """Return the endpoints of the running stack; raises StackDownError."""
        return endpoints_of(self._state.read())

    def status(self) -> list[ComponentStatus]:
        """Tell what runs, and where."""
        state = self._state.read()
        return [_status(name, state) for name in self._components]

    def kill(self, name: str) -> None:
        """SIGKILL one component and reap it; for tests of what happens then."""
        with self._locked():
            processes.kill(self._state.read().processes.get(name))
            self._state.record(name, None)

    def stop(self, name: str) -> None:
        """Stop one component cleanly."""
        with self._locked():
            self._stop(self._components[name])

    def start(self, name: str) -> str:
        """Start one component again, where it was before, and return its endpoint; raises StackError."""
        with self._locked():
            if not self._state.read().runs(name):
                self._start_all([self._components[name]])
            return self._state.read().endpoints[name]

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._layout.create()
        with exclusive(self._layout.lock_file, _LOCK_TIMEOUT_S):
            self._layout.create()
            yield

    def _start_all(self, components: list[Component]) -> None:
        """Start components side by side; if one fails, or Ctrl-C arrives, stop those again."""
        if not components:
            return
        abort = Abort()
        with ThreadPoolExecutor(len(components)) as pool:
            futures = [pool.submit(self._start, component, abort) for component in components]
            try:
                wait(futures, return_when=FIRST_EXCEPTION)
                failed = next((future for future in futures if future.done() and future.exception()), None)
                if failed is not None:
                    failed.result()
            except BaseException:
                abort.set()
                wait(futures)
                for component in components:
                    self._stop(component)
                raise

    def _start(self, component: Component, abort: Abort) -> None:
        begin = time.monotonic()
        self._progress(Progress(component.name, "starting"))
        component.prepare(abort)
        abort.check()
        process = component.launch()
        self._state.record(component.name, process)
        self._state.record_endpoint(component.name, component.wait_ready(process, abort))
        self._progress(Progress(component.name, f"up after {time.monotonic() - begin:.1f} s"))

    def _stop_all(self) -> None:
        processes.stop(self._state.read().processes.get(_WATCHDOG), patience_s=1.0)
        self._state.record(_WATCHDOG, None)
        with ThreadPoolExecutor(len(self._components)) as pool:
            list(pool.map(self._stop, self._components.values()))
        self._state.set_owner(None)
        self._remove_run_dir()

    def _remove_run_dir(self) -> None:
        """Remove the folder of the sockets, which may lie outside of the data folder, if nothing is left in it."""
        with contextlib.suppress(OSError):
            self._layout.run_dir.rmdir()

    def _stop(self, component: Component) -> None:
        component.stop(self._state.read().processes.get(component.name))
        component.clean()
        self._state.record(component.name, None)

    def _give_to(self, owner: ProcessId | None) -> None:
        """Bind the stack to its owner's life, by a process that waits for the owner's end."""
        processes.stop(self._state.read().processes.get(_WATCHDOG), patience_s=1.0)
        self._state.record(_WATCHDOG, None)
        self._state.set_owner(owner)
        if owner is None:
            return
        arguments = ["--data-dir", str(self._layout.data_dir), "--pid", str(owner.pid), "--created", repr(owner.created)]
        command = [sys.executable, "-m", "infra.local.watchdog", *arguments]
        source_root = Path(infra.__file__).parent.parent
        self._state.record(_WATCHDOG, processes.spawn(command, log=self._layout.log_file(_WATCHDOG), cwd=source_root))


def _status(name: str, state: StackState) -> ComponentStatus:
    process = find(state.processes.get(name))
    endpoint = state.endpoints.get(name)
    if process is None:
        return ComponentStatus(name, running=False, pid=None, endpoint=endpoint, uptime_s=None, rss_mib=None)
    uptime = time.time() - process.create_time()
    rss = _resident(process)
    return ComponentStatus(name, True, process.pid, endpoint, round(uptime, 1), round(rss / _BYTES_PER_MIB, 1))


def _resident(process: psutil.Process) -> int:
    """Return the resident bytes of a process and its children; pages that they share count more than once."""
    total = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        for member in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                total += member.memory_info().rss
    return total

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from infra.local.errors import StackDownError
from infra.local.processes import ProcessId, find

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the components of a running stack answer."""

    kafka: str  # host:port
    postgres_dsn: str
    clickhouse_socket: str  # path of a Unix socket


@dataclass(frozen=True, slots=True)
class StackState:
    """What stack.json says: the processes that were started, and the last known endpoint of each component."""

    owner: ProcessId | None = None
    processes: Mapping[str, ProcessId] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)

    def runs(self, component: str) -> bool:
        return find(self.processes.get(component)) is not None


class StateFile:
    """stack.json, replaced as a whole at each change; the callers hold the stack's lock, threads of one of them share this."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mutex = threading.Lock()

    def read(self) -> StackState:
        """Return the state; the empty one if there is no file. Raises ValueError for a file of another version."""
        try:
            raw = json.loads(self._path.read_text())
        except FileNotFoundError:
            return StackState()
        if raw.get("version") != _VERSION:
            raise ValueError(f"{self._path}: expected version {_VERSION}, found {raw.get('version')!r}")
        processes = {name: ProcessId(**process) for name, process in raw["processes"].items()}
        return StackState(ProcessId(**raw["owner"]) if raw["owner"] else None, processes, raw["endpoints"])

    def set_owner(self, owner: ProcessId | None) -> None:
        with self._mutex:
            self._write(replace(self.read(), owner=owner))

    def record(self, component: str, process: ProcessId | None) -> None:
        """Remember the process of a component, or, with None, that it has none."""
        with self._mutex:
            state = self.read()
            processes = {name: known for name, known in state.processes.items() if name != component}
            if process is not None:
                processes[component] = process
            self._write(replace(state, processes=processes))

    def record_endpoint(self, component: str, endpoint: str) -> None:
        with self._mutex:
            state = self.read()
            self._write(replace(state, endpoints={**state.endpoints, component: endpoint}))

    def _write(self, state: StackState) -> None:
        raw: dict[str, Any] = {"version": _VERSION, **asdict(state)}
        partial = self._path.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(json.dumps(raw, indent=2, sort_keys=True) + "\n")
        partial.replace(self._path)


def endpoints_of(state: StackState) -> Endpoints:
    """Return the endpoints of a running stack; raises StackDownError, naming the components that do not run."""
    names = ("kafka", "postgres", "clickhouse")
    missing = [name for name in names if not state.runs(name)]
    if missing:
        raise StackDownError(f"the embedded stack does not run (not up: {', '.join(missing)}); start it with `autotrader stack up`")
    kafka, postgres_dsn, clickhouse_socket = (state.endpoints[name] for name in names)
    return Endpoints(kafka, postgres_dsn, clickhouse_socket)

"""What the demo stands on, in the order in which it comes up: the stack, its topics, the models, the roles."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import KafkaException

from autotrader.demo.errors import DemoError
from autotrader.demo.latest import Recommendations
from autotrader.demo.reporting import Reporter
from autotrader.supervisor import Role, Supervisor
from infra.clients import kafka
from infra.local.errors import StackBusyError, StackError
from infra.local.lock import exclusive
from infra.local.ports import free_port
from infra.local.progress import Progress
from infra.local.stack import EmbeddedStack
from infra.local.state import StateFile
from infra.settings import Settings, needs_embedded_stack, with_endpoints
from schemas.topics import TOPICS

IDLE_AFTER_S = 60.0
"""For the features agent: here silence only means that a busy machine reads another topic first."""
_READY_S = 90.0
_LOOK_S = 0.1


@contextmanager
def only_demo(data_dir: Path) -> Iterator[None]:
    """Hold the data folder against a second demo; DemoError where one has it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    try:
        with exclusive(data_dir / "demo.lock", 0.0):
            yield
    except StackBusyError as error:
        raise DemoError(
            f"expected no other demo on {data_dir}, found one: end it, or take another folder with --data-dir"
        ) from error


@contextmanager
def stack_up(settings: Settings, report: Reporter) -> Iterator[Settings]:
    """Start what no server is set for, and return settings with its addresses; it ends with this process."""
    if not needs_embedded_stack(settings):
        yield settings
        return

    def tell(progress: Progress) -> None:
        report.tell(progress.component, progress.message, progress.done, progress.total)

    stack = EmbeddedStack(settings.data_dir, progress=tell)
    try:
        try:
            endpoints = stack.up(owner_pid=os.getpid())
        except StackError as error:
            raise DemoError(f"{error} (logs: {settings.data_dir / 'logs'})") from error
        yield with_endpoints(settings, endpoints)
    finally:
        owner = StateFile(settings.data_dir / "stack.json").read().owner
        if owner is not None and owner.pid == os.getpid():  # a stack that ran before stays
            stack.down()


def create_topics(settings: Settings) -> list[str]:
    """Create the topics that are missing."""
    try:
        return kafka.create_topics(
            kafka.admin(settings.kafka, "demo"),
            TOPICS.values(),
            partitions=settings.kafka.topic_partitions,
            replication_factor=settings.kafka.replication_factor,
        )
    except (KafkaException, ValueError) as error:
        raise DemoError(f"expected to create the topics: {error}") from error


@contextmanager
def roles_running(settings: Settings, stop: threading.Event) -> Iterator[Supervisor]:
    """Run the roles as child processes, started again where they leave; ended together on the way out."""
    environment = {
        "AUTOTRADER_DATA_DIR": str(settings.data_dir),
        "AUTOTRADER_STREAMS__IDLE_AFTER_S": str(max(IDLE_AFTER_S, settings.streams.idle_after_s)),
    }
    port = settings.api.port or free_port()  # the same again if the role has to be started again
    roles = [Role("streams", ("run", "streams")), Role("projections", ("run", "projections"))]
    roles.append(Role("api", ("run", "api", "--port", str(port))))
    supervisor = Supervisor(roles, settings.data_dir / "logs", environment)
    watching = threading.Thread(target=supervisor.watch, name="roles", daemon=True)
    (settings.data_dir / "api.json").unlink(missing_ok=True)
    try:
        if not stop.is_set():
            supervisor.start()
            watching.start()
        yield supervisor
    finally:
        supervisor.stop()


def api_address(settings: Settings, supervisor: Supervisor, report: Callable[[str], None]) -> str:
    """Return the address of the API, once it is ready; DemoError where that takes too long."""
    begun = time.monotonic()
    while time.monotonic() - begun < _READY_S:
        url = _stated_address(settings.data_dir / "api.json", supervisor.pids().get("api"))
        if url is not None:
            api = Recommendations(url)
            try:
                if api.ready():
                    return url
            finally:
                api.close()
        report("waiting for the API" if not supervisor.restarts() else f"waiting for the API; {_restarts(supervisor)}")
        time.sleep(_LOOK_S)
    log = settings.data_dir / "logs" / "api.log"
    raise DemoError(f"expected the API to be ready within {_READY_S:.0f} s, found: {last_words(log)} (whole log: {log})")


def last_words(log: Path) -> str:
    """Return the last line of a log that says something."""
    try:
        lines = log.read_text(errors="replace").splitlines()[-200:]
    except FileNotFoundError:
        lines = []
    return next((line.strip() for line in reversed(lines) if line.strip()), "nothing in its log")


def _stated_address(path: Path, pid: int | None) -> str | None:
    try:
        stated = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    return stated["api"] if stated["pid"] == pid else None


def _restarts(supervisor: Supervisor) -> str:
    return f"roles were started again {supervisor.restarts()} times"

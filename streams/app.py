"""The Faust application: one worker process, any number of agents over chunks."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import faust
from yarl import URL

from streams.ports import Clients, Observer, Tracing
from streams.runner.exactly_once import Agent, ExactlyOnceRunner
from streams.runner.idle import IdleWatch
from streams.runner.owner import CommitSettings
from streams.transport.chunk import Chunk
from streams.transport.chunk_consumer import ChunkSchema, chunk_transport

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerSettings:
    """Of one worker process. Times in seconds."""

    bootstrap: str
    group: str
    folder: Path
    """Where Faust keeps what little it keeps of its own."""
    instance: str | None = None
    """Static member id: a killed worker that comes back with the same id gets its partitions at once."""
    session_timeout_s: float = 8.0
    heartbeat_s: float = 2.0
    idle_after_s: float = 2.0
    max_poll_records: int = 20_000
    max_fetch_bytes: int = 4 * 1024 * 1024
    commit: CommitSettings = field(default_factory=CommitSettings)


@dataclass(frozen=True)
class StreamApp:
    """The application and the runner behind its agents."""

    app: faust.App
    runner: ExactlyOnceRunner


def build_app(
    agents: Iterable[Agent],
    clients: Clients,
    observer: Observer,
    end_process: Callable[[str], None],
    settings: WorkerSettings,
    tracing: Tracing | None = None,
) -> StreamApp:
    """Return a Faust application whose agents fold chunks exactly once."""
    agents = list(agents)
    app = faust.App(
        settings.group,
        broker=f"kafka://{settings.bootstrap}",
        store="memory://",
        autodiscover=False,
        datadir=str(settings.folder),
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_group_instance_id=settings.instance,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.heartbeat_s,
        broker_max_poll_records=settings.max_poll_records,
        broker_commit_interval=1.0,
        consumer_max_fetch_size=settings.max_fetch_bytes,
        consumer_auto_offset_reset="earliest",
        stream_buffer_maxsize=100_000,  # the default throttles once the agents are fast
        stream_wait_empty=False,
    )
    runner = ExactlyOnceRunner(agents, clients, observer, end_process, settings.commit, tracing)
    app.transport = chunk_transport(app, URL(f"kafka://{settings.bootstrap}"), runner)
    for agent in agents:
        _register(app, runner, agent)
    _watch_idle_inputs(app, runner, settings.idle_after_s)
    return StreamApp(app, runner)


def _register(app: faust.App, runner: ExactlyOnceRunner, agent: Agent) -> None:
    async def fold_chunks(stream: Any) -> AsyncIterator[None]:
        async for event in stream.events():
            chunk: Chunk = event.value
            await runner.process(event.message.tp, chunk, app.consumer.reread)  # type: ignore[attr-defined]  # ours
            yield

    topic = app.topic(*agent.topics, schema=ChunkSchema())
    app.agent(topic, name=f"agents.{agent.name}")(fold_chunks)


def _watch_idle_inputs(app: faust.App, runner: ExactlyOnceRunner, idle_after_s: float) -> None:
    watch = IdleWatch(idle_after_s)

    async def declare_idle_inputs() -> None:
        while not app.should_stop:
            watch.check(runner.owners.values(), asyncio.get_running_loop().time())
            await asyncio.sleep(watch.pause_s)

    app.task(declare_idle_inputs)

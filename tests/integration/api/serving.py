"""The application on a real port, in a thread with an event loop of its own."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass

import httpx
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from api.app import build_app
from api.deps import ApiSettings, Deps
from api.postgres import PoolSettings, read_pool
from api.probes import analytics_probe, postgres_probe, read_model_probe
from api.server import Address, ServerSettings, serve
from api.stores import AnalyticsReads, PostgresReads
from infra.local.stack import EmbeddedStack
from schemas.registry import committed_catalogue
from tests.integration.api.stored import Versions, analytics_of
from tests.unit.api.building import predictor

Opening = Callable[[], AbstractAsyncContextManager[Starlette]]


@dataclass
class Served:
    """A server that runs; ``stop`` asks it to end, and the block that opened it waits for that."""

    addresses: Sequence[Address]
    stop: Callable[[], None]
    thread: threading.Thread

    @property
    def url(self) -> str:
        return self.addresses[0].url

    def client(self, **options: object) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=20, **options)  # type: ignore[arg-type]


@contextmanager
def served(opening: Opening, settings: ServerSettings | None = None) -> Iterator[Served]:
    started = threading.Event()
    found: list[Served] = []
    failed: list[BaseException] = []

    async def run() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()

        def listening(addresses: Sequence[Address]) -> None:
            found.append(Served(addresses, end, threading.current_thread()))
            started.set()

        def end() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(stop.set)

        try:
            async with opening() as app:
                await serve(app, settings or ServerSettings(), stop, listening)
        except OSError as error:
            failed.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert started.wait(30)
        if failed:
            raise failed[0]
        yield found[0]
    finally:
        if found:
            found[0].stop()
        thread.join(30)
        assert not thread.is_alive(), "the server ends when it is told to"


@contextmanager
def platform(stack: EmbeddedStack, read: Versions) -> Iterator[Served]:
    """The application over the stores of a test."""
    from contextlib import asynccontextmanager  # noqa: PLC0415

    @asynccontextmanager
    async def opening():
        analytics = analytics_of(stack)
        async with read_pool(stack.endpoints().postgres_dsn, PoolSettings(min_size=2, max_size=4)) as pool:
            reads = PostgresReads(pool, recommendations=read.recommendations, symbols=read.symbols)
            deps = Deps(
                recommendations=reads,
                symbols=reads,
                series=AnalyticsReads(analytics, bars=read.bars, features=read.features),
                catalogue=committed_catalogue(),
                clock=lambda: time.time_ns() // 1000,
                metrics=CollectorRegistry(),
                probes={
                    "postgres": postgres_probe(pool),
                    "read models": read_model_probe(reads),
                    "clickhouse": analytics_probe(analytics),
                },
                predictors={"1d": predictor()},
                settings=ApiSettings(),
            )
            yield build_app(deps)
        analytics.close()

    with served(opening) as running:
        yield running

"""The api role: one process that serves the API, and the engine on a port of its own where one is set."""

import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from confluent_kafka import KafkaException
from prometheus_client import CollectorRegistry

from api.app import build_app
from api.deps import LOOPBACK_HOSTS, ApiSettings, Deps
from api.ports import Finding
from api.postgres import PoolSettings, read_pool
from api.probes import analytics_probe, postgres_probe, read_model_probe
from api.server import Address, ServerSettings, serve
from api.stores import AnalyticsReads, PostgresReads
from autotrader.roles.stores import open_analytics
from infra.clients import kafka
from infra.metrics import watch_pool
from infra.settings import Settings
from infra.telemetry import configure_logging
from models.artifacts import ArtifactError
from models.loading import load_current
from models.predictor import Predictor
from schemas.registry import committed_catalogue

_PROBE_S = 2.0
_ANALYTICS_S = 5.0
"""A reader gives up sooner than a projection: somebody waits for the answer."""

log = logging.getLogger(__name__)


def run_api(settings: Settings, *, address_file: Path | None = None) -> None:
    """Serve until the process is told to stop. The real addresses are logged, and written to a file where one is named."""
    configure_logging("api", level=settings.telemetry.log_level, json=settings.telemetry.log_format == "json")
    asyncio.run(_serve(settings, address_file or settings.data_dir / "api.json"))


async def _serve(settings: Settings, address_file: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    registry = CollectorRegistry()
    pool = read_pool(settings.postgres.dsn.get_secret_value(), PoolSettings(max_size=settings.postgres.pool_max))
    analytics = open_analytics(settings.clickhouse.model_copy(update={"timeout_s": _ANALYTICS_S}))
    watch_pool(registry, "api", pool.get_stats)
    await pool.open()
    try:
        reads = PostgresReads(pool)
        deps = Deps(
            recommendations=reads,
            symbols=reads,
            series=AnalyticsReads(analytics),
            catalogue=committed_catalogue(),
            clock=lambda: time.time_ns() // 1000,
            metrics=registry,
            probes={
                "postgres": postgres_probe(pool),
                "read models": read_model_probe(reads),
                "clickhouse": analytics_probe(analytics),
                "kafka": _kafka_probe(settings),
            },
            predictors=_predictors(settings),
            settings=ApiSettings(allowed_hosts=(*LOOPBACK_HOSTS, *settings.api.allowed_hosts)),
        )
        listen = [Address(settings.api.host, settings.api.port)]
        if settings.api.engine_port:
            listen.append(Address(settings.api.host, settings.api.engine_port))
        await serve(build_app(deps), ServerSettings(listen=listen), stop, _teller(address_file))
    finally:
        await asyncio.to_thread(address_file.unlink, missing_ok=True)
        await pool.close()
        analytics.close()


def _teller(address_file: Path) -> Callable[[Sequence[Address]], None]:
    def tell(addresses: Sequence[Address]) -> None:
        log.info("listening on %s", ", ".join(address.url for address in addresses))
        address_file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = address_file.with_suffix(".unfinished")
        unfinished.write_text(json.dumps({"pid": os.getpid(), "api": addresses[0].url, "engine": addresses[-1].url}))
        unfinished.replace(address_file)
        sys.stderr.flush()

    return tell


def _predictors(settings: Settings) -> dict[str, Predictor]:
    try:
        return load_current(settings.models_folder)
    except ArtifactError as error:
        log.warning("no model is loaded, the engine answers 503: %s", error)
        return {}


def _kafka_probe(settings: Settings) -> Callable[[], Awaitable[Finding]]:
    admin = kafka.admin(settings.kafka, "api-probe")

    def ask() -> Finding:
        try:
            found = admin.list_topics(timeout=_PROBE_S)
        except KafkaException as error:
            return Finding(ok=False, detail=f"no answer: {error.args[0].name()}")
        return Finding(ok=True, detail=f"{len(found.brokers)} brokers")

    async def probe() -> Finding:
        return await asyncio.to_thread(ask)

    return probe

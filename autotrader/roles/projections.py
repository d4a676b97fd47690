"""The projections role: one process, one thread for each read model."""

import gc
import logging
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import psycopg
from prometheus_client import CollectorRegistry

from autotrader.roles.stores import connect_postgres, open_analytics
from infra.clients import kafka
from infra.metrics import ConsumerMetrics, ProjectionMetrics, serve_metrics
from infra.settings import Settings
from infra.telemetry import configure_logging
from infra.tracing import SpanTracing, span_tracing
from projections.clickhouse_runner import clickhouse_runner
from projections.dead_letters import KafkaDeadLetters, Producer
from projections.migrate import migrate_clickhouse, migrate_postgres
from projections.ports import Ambient, Consumer, StoreUnavailable
from projections.postgres_runner import postgres_runner
from projections.runner import Runner
from projections.views.bars import BarsView
from projections.views.features import FeaturesView
from projections.views.recommendations import RecommendationsView
from projections.views.symbols import SymbolsView
from schemas.codec import Codec
from schemas.registry import committed_catalogue

EXIT_FAILED = 1
_RETRY_S = 1.0

log = logging.getLogger(__name__)


def run_projections(settings: Settings) -> None:
    """Build the read models until told to stop; leaves with 1 where one cannot go on, so that it is started again."""
    configure_logging("projections", level=settings.telemetry.log_level, json=settings.telemetry.log_format == "json")
    registry = CollectorRegistry()
    observer = ProjectionMetrics(ConsumerMetrics(registry))
    if settings.telemetry.metrics_port is not None:
        serve_metrics(registry, settings.telemetry.metrics_port)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    _migrate(settings, stop)
    # Each record of a batch is an object: with Python's defaults the collector looks at all of them again and again.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    tracing = span_tracing("projections", settings.telemetry)
    threads = [_started(runner, stop) for runner in _runners(settings, observer, tracing)]
    while not stop.is_set() and all(thread.is_alive() for thread in threads):
        stop.wait(0.5)
    failed = not stop.is_set()
    stop.set()
    for thread in threads:
        thread.join(20.0)
    if failed:
        sys.stderr.flush()
        os._exit(EXIT_FAILED)


def _migrate(settings: Settings, stop: threading.Event) -> None:
    """Bring the tables up to date, waiting for stores that are not up yet."""
    while not stop.is_set():
        analytics = open_analytics(settings.clickhouse)
        try:
            with connect_postgres(settings.postgres, "migrations") as connection:
                applied = [*migrate_postgres(connection), *migrate_clickhouse(analytics, connection)]
        except (psycopg.OperationalError, StoreUnavailable) as error:
            log.warning("the stores are not available yet: %s", error)
            stop.wait(_RETRY_S)
        else:
            log.info("migrations applied: %s", ", ".join(applied) or "none missing")
            return
        finally:
            analytics.close()


def _runners(settings: Settings, observer: ProjectionMetrics, tracing: SpanTracing | None) -> list[Runner[Any]]:
    codec = Codec(committed_catalogue())
    ambient = Ambient(time.time, time.monotonic, random.SystemRandom().random)

    def connect() -> psycopg.Connection[Any]:
        return connect_postgres(settings.postgres, "projections")

    def letters() -> KafkaDeadLetters:
        return KafkaDeadLetters(cast("Producer", kafka.producer(settings.kafka, "projections")), codec)

    consumers = _consumers(settings)
    analytics = open_analytics(settings.clickhouse)
    in_postgres = [
        postgres_runner(view, connect, consumers, letters(), observer, ambient, tracing=tracing)
        for view in (RecommendationsView(codec), SymbolsView(codec))
    ]
    in_clickhouse = [
        clickhouse_runner(view, analytics, connect, consumers, letters(), observer, ambient, tracing=tracing)
        for view in (BarsView(codec), FeaturesView(codec))
    ]
    return [*in_postgres, *in_clickhouse]


def _consumers(settings: Settings) -> Callable[[Mapping[str, Any]], Consumer]:
    def open_consumer(needed: Mapping[str, Any]) -> Consumer:
        options = {name.replace(".", "_"): value for name, value in needed.items()}
        group = str(options.pop("group_id"))
        return cast("Consumer", kafka.consumer(settings.kafka, "projections", group, **options))

    return open_consumer


def _started(runner: Runner[Any], stop: threading.Event) -> threading.Thread:
    def run() -> None:
        try:
            runner.run(stop)
        except Exception:  # the worker's edge: whatever ended it, the process leaves and is started again
            log.exception("a projection ended")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread

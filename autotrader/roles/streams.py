"""The streams role: one worker process with the bars, features and recommendations agents."""

import logging
import os
import sys
from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from autotrader.kafka_clients import KafkaClients
from infra.metrics import ConsumerMetrics, StreamsMetrics, serve_metrics
from infra.settings import Settings
from infra.telemetry import configure_logging
from infra.tracing import span_tracing
from models.loading import load_current
from models.recommender import Recommender
from models.sentiment import LexiconScorer
from schemas.codec import Codec
from schemas.registry import committed_catalogue
from schemas.topics import ACTIONS, BARS, FEATURES, NEWS, SOCIAL, TICKS
from streams.app import WorkerSettings, build_app
from streams.bars.fold import BarsFold
from streams.bars.settings import BarsSettings
from streams.dead_letters import DeadLetterOffice
from streams.features.fold import FeaturesFold
from streams.inputs import InputSettings
from streams.recommendations import RecommendationsFold
from streams.runner.exactly_once import Agent
from streams.runner.owner import CommitSettings
from streams.transport.garbage import collect_seldom

AGENTS = ("bars", "features", "recommendations")
"""In the order in which they feed each other."""
GROUP = "streams"
EXIT_FENCED = 3
"""The process left because a transaction failed or another owner took over: start it again."""

_MICROSECONDS = 1_000_000
_SWITCH_S = 0.0005
"""Threads that fetch and commit ask for the interpreter often and for short: five milliseconds of waiting each time add up."""

log = logging.getLogger(__name__)


def run_streams(settings: Settings, *, agents: Sequence[str] = AGENTS, instance: str | None = None) -> None:
    """Run agents until told to stop. ``instance`` makes the group membership static: a restart is taken back at once."""
    configure_logging("streams", level=settings.telemetry.log_level, json=settings.telemetry.log_format == "json")
    registry = CollectorRegistry()
    observer = StreamsMetrics(registry, ConsumerMetrics(registry))
    if settings.telemetry.metrics_port is not None:
        serve_metrics(registry, settings.telemetry.metrics_port)
    clients = KafkaClients(settings.kafka, "streams", settings.streams.transaction_timeout_s)
    tracing = span_tracing("streams", settings.telemetry)
    worker_settings = _worker_settings(settings, instance)
    stream_app = build_app(_agents(settings, agents), clients, observer, _leave, worker_settings, tracing)
    collect_seldom()
    sys.setswitchinterval(_SWITCH_S)
    worker = stream_app.app.Worker(loglevel=None, redirect_stdouts=False, override_logging=False)
    worker.execute_from_commandline()


def _agents(settings: Settings, names: Sequence[str]) -> list[Agent]:
    codec = Codec(committed_catalogue())
    known = {"bars": _bars, "features": _features, "recommendations": _recommendations}
    if unknown := set(names) - known.keys():
        raise ValueError(f"expected agents among {', '.join(AGENTS)}, found {', '.join(sorted(unknown))}")
    return [known[name](settings, codec) for name in AGENTS if name in names]


def _bars(settings: Settings, codec: Codec) -> Agent:
    streams = settings.streams
    of_bars = BarsSettings(
        intervals=streams.intervals,
        lateness_us=_micros(streams.lateness_s),
        kept_window_us=_micros(streams.kept_window_s),
        max_future_us=_micros(streams.max_future_s),
        max_record_bytes=streams.max_record_bytes,
    )
    return Agent("bars", (TICKS,), lambda partition: BarsFold(codec, DeadLetterOffice(codec, "bars", partition), of_bars))


def _features(settings: Settings, codec: Codec) -> Agent:
    scorer, inputs = LexiconScorer(), _input_settings(settings)
    intervals = settings.streams.decision_intervals
    return Agent(
        "features", (BARS, ACTIONS, NEWS, SOCIAL), lambda partition: FeaturesFold(codec, scorer, partition, intervals, inputs)
    )


def _recommendations(settings: Settings, codec: Codec) -> Agent:
    recommender, inputs = Recommender(load_current(settings.models_folder)), _input_settings(settings)
    return Agent("recommendations", (FEATURES,), lambda partition: RecommendationsFold(codec, recommender, partition, inputs))


def _input_settings(settings: Settings) -> InputSettings:
    return InputSettings(_micros(settings.streams.max_future_s), settings.streams.max_record_bytes)


def _worker_settings(settings: Settings, instance: str | None) -> WorkerSettings:
    streams = settings.streams
    return WorkerSettings(
        bootstrap=settings.kafka.bootstrap,
        group=GROUP,
        folder=settings.data_dir / "faust",
        instance=instance,
        session_timeout_s=streams.session_timeout_s,
        heartbeat_s=streams.heartbeat_interval_s,
        idle_after_s=streams.idle_after_s,
        commit=CommitSettings(busy_interval_s=streams.commit_interval_s),
    )


def _micros(seconds: float) -> int:
    return round(seconds * _MICROSECONDS)


def _leave(reason: str) -> None:
    """End the process at once: memory is ahead of the log, and only a fresh owner knows the truth."""
    log.error("leaving: %s", reason)
    sys.stderr.flush()
    os._exit(EXIT_FENCED)

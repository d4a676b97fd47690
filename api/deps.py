"""What the composition root gives the API. Nothing here is opened, read from the environment or shared by import."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from opentelemetry.trace import TracerProvider
from prometheus_client import CollectorRegistry

from api.ports import Clock, Probe, RecommendationReads, SeriesReads, SymbolReads
from models.predictor import Predictor
from schemas.registry import Catalogue

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """Of the stream of server-sent events. Times in seconds."""

    poll_s: float = 0.25
    page: int = 200
    queue: int = 1_000
    """Events that may wait for one client; one that is slower is closed, and resumes from where it was."""
    clients_max: int = 200
    heartbeat_s: float = 15.0
    retry_s: float = 2.0


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Limits of the API. Times in seconds."""

    allowed_hosts: tuple[str, ...] = LOOPBACK_HOSTS
    """Names in the Host header that are answered; a web page elsewhere cannot reach a loopback port by a name of its own."""
    body_max_bytes: int = 256 * 1024
    body_timeout_s: float = 10.0
    probe_timeout_s: float = 2.0
    cache_s: float = 0.15
    """How long the same list is answered from memory; 0: never."""
    engine_threads: int = 1
    live: LiveSettings = field(default_factory=LiveSettings)


@dataclass(frozen=True, slots=True)
class Deps:
    """Everything the API talks to."""

    recommendations: RecommendationReads
    symbols: SymbolReads
    series: SeriesReads
    catalogue: Catalogue
    clock: Clock
    metrics: CollectorRegistry
    probes: Mapping[str, Probe]
    predictors: Mapping[str, Predictor] = field(default_factory=dict)
    """By interval; empty: no model is loaded, and the engine answers 503."""
    tracing: TracerProvider | None = None
    """None: no spans."""
    settings: ApiSettings = field(default_factory=ApiSettings)

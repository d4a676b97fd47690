"""What handlers work with: the dependencies, and what the application itself keeps running."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from api.deps import ApiSettings
from api.engine import Engine
from api.live import LiveFeed
from api.metrics import ApiMetrics
from api.micro_cache import MicroCache
from api.ports import Clock, MarketReads, RecommendationReads
from api.readiness import Readiness
from projections.views.recommendations import Page
from schemas.registry import Catalogue


@dataclass(frozen=True, slots=True)
class Services:
    """One for each application; built in ``api.app``."""

    recommendations: RecommendationReads
    market: MarketReads
    engine: Engine
    live: LiveFeed
    readiness: Readiness
    pages: MicroCache[Page]
    catalogue: Catalogue
    registry: CollectorRegistry
    metrics: ApiMetrics
    clock: Clock
    settings: ApiSettings
    openapi: bytes

"""What handlers work with: the dependencies, and what the application itself keeps running."""

from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from api.deps import ApiSettings
from api.documentation.page import Page
from api.engine import Engine
from api.live import LiveFeed
from api.micro_cache import MicroCache
from api.ports import Clock, RecommendationReads, SeriesReads, SymbolReads
from api.readiness import Readiness
from projections.views.recommendations import Page as RecommendationPage
from schemas.registry import Catalogue


@dataclass(frozen=True, slots=True)
class Services:
    """One for each application; put together in ``api.app``."""

    recommendations: RecommendationReads
    symbols: SymbolReads
    series: SeriesReads
    engine: Engine
    live: LiveFeed
    readiness: Readiness
    pages: MicroCache[RecommendationPage]
    catalogue: Catalogue
    registry: CollectorRegistry
    clock: Clock
    settings: ApiSettings
    version: str
    openapi: Callable[[], bytes]
    documentation: Page

"""The application, from its dependencies. Nothing is opened here; nothing outlives the application's lifespan."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.opentelemetry import OpenTelemetryMiddleware

from api.deps import Deps
from api.documentation.page import documentation_page
from api.engine import Engine
from api.envelope import dump
from api.failures import HANDLERS
from api.live import LiveFeed
from api.metrics import ApiMetrics
from api.micro_cache import MicroCache
from api.middleware.request_context import RequestContext
from api.middleware.request_metrics import RequestMetrics
from api.middleware.security import HostCheck, SecurityHeaders
from api.openapi import document
from api.operations import OPERATIONS
from api.readiness import Readiness
from api.routing import routes
from api.services import Services


def build_app(deps: Deps) -> Starlette:
    """Return the application. ``app.state.live`` is its feed: close it before waiting for connections to end."""
    live = LiveFeed(deps.recommendations, deps.clock, deps.settings.live)
    metrics = ApiMetrics(deps.metrics, lambda: live.clients)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            live.close()

    app = Starlette(
        routes=routes(OPERATIONS, _services(deps, live, metrics)),
        middleware=_middleware(deps, metrics),
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a path is right or wrong; a redirect would be built from the Host header
    app.state.live = live
    return app


def _services(deps: Deps, live: LiveFeed, metrics: ApiMetrics) -> Services:
    settings, stated = deps.settings, package_version()
    return Services(
        recommendations=deps.recommendations,
        symbols=deps.symbols,
        series=deps.series,
        engine=Engine(deps.predictors, metrics, settings.engine_threads),
        live=live,
        readiness=Readiness(deps.probes, settings.probe_timeout_s),
        pages=MicroCache(settings.cache_s),
        catalogue=deps.catalogue,
        registry=deps.metrics,
        clock=deps.clock,
        settings=settings,
        version=stated,
        openapi=cache(lambda: dump(document(OPERATIONS, stated))),
        documentation=documentation_page(),
    )


def _middleware(deps: Deps, metrics: ApiMetrics) -> list[Middleware]:
    """Return what every request passes, outermost first."""
    spans = [] if deps.tracing is None else [Middleware(OpenTelemetryMiddleware, tracer_provider=deps.tracing)]
    return [
        *spans,
        Middleware(SecurityHeaders),
        Middleware(RequestContext),
        Middleware(RequestMetrics, metrics=metrics),
        Middleware(HostCheck, allowed=deps.settings.allowed_hosts),
    ]


def package_version() -> str:
    """Return the version of the installed package, 0 where it is run from a folder of sources."""
    try:
        return version("autotrader-ai")
    except PackageNotFoundError:
        return "0"

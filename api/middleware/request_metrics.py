"""Counts and times requests, by the template of their route: an id in a path makes no series of its own."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import ApiMetrics
from api.scope import ROUTE_KEY, STREAMS_KEY

_UNMATCHED = "unmatched"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMetrics:
    """http_requests_total and http_request_duration_seconds."""

    def __init__(self, app: ASGIApp, metrics: ApiMetrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status, begun = 500, 0.0

        async def noted(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], time.perf_counter()
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            ended = begun if scope.get(STREAMS_KEY) and begun else time.perf_counter()
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            route = scope.get(ROUTE_KEY, _UNMATCHED)
            self._metrics.requests.labels(method, route, status).inc()
            self._metrics.duration.labels(method, route).observe(ended - started)

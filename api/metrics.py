"""What the API counts and times."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class ApiMetrics:
    """Metrics of one application, in one registry."""

    def __init__(self, registry: CollectorRegistry, live_clients: Callable[[], int]) -> None:
        self.requests = Counter("http_requests", "Requests answered", ["method", "route", "status"], registry=registry)
        self.duration = Histogram(
            "http_request_duration_seconds",
            "From the first byte of a request to the last of its answer; of a stream, to its first",
            ["method", "route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.generation = Histogram(
            "recommendation_generation_duration_seconds",
            "Features to explained recommendations, on request",
            buckets=_SECONDS,
            registry=registry,
        )
        Gauge("api_live_clients", "Clients listening for recommendations", registry=registry).set_function(live_clients)

import time
from collections.abc import Callable, Mapping
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_MICROSECONDS = 1_000_000
Clock = Callable[[], float]


class ConsumerMetrics:
    """What the consumers of the log share: how much they did, and how far behind they are.

    `consumer` is the agent or the projection. Lag is in records, as Kafka counts; seconds behind is the age of the newest
    record that was processed at the moment it was processed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        place = ["consumer", "topic", "partition"]
        self.records = Counter("records_processed_total", "Records processed", ["consumer", "topic"], registry=registry)
        self.lag = Gauge("kafka_consumer_lag", "Records between the last processed one and the end", place, registry=registry)
        self.seconds_behind = Gauge("consumer_seconds_behind", "Age of the newest processed record", place, registry=registry)
        self.dead_letters = Counter("dead_letters_total", "Records set aside as dead letters", ["consumer"], registry=registry)
        self.retries = Counter("consumer_retries_total", "Repeated attempts on a store", ["consumer"], registry=registry)
        self.fenced = Counter("consumer_fenced_total", "Partitions lost to a newer owner", ["consumer"], registry=registry)
        self.batches = Histogram(
            "batch_duration_seconds", "One batch or chunk: fold or write", ["consumer"], buckets=_SECONDS, registry=registry
        )


class StreamsMetrics:
    """Watches the exactly-once runner of the agents."""

    def __init__(self, registry: CollectorRegistry, consumers: ConsumerMetrics, clock: Clock = time.time) -> None:
        self._consumers = consumers
        self._clock = clock
        self._transactions = Histogram(
            "transaction_duration_seconds", "Begin to commit of a transaction", ["agent"], buckets=_SECONDS, registry=registry
        )
        self._outputs = Counter("records_produced_total", "Records produced in transactions", ["agent"], registry=registry)
        self._changes = Counter("state_changes_total", "State records checkpointed", ["agent"], registry=registry)
        self._watermark = Gauge(
            "watermark_delay_seconds", "Wall clock minus event time reached", ["agent", "partition"], registry=registry
        )

    def folded(self, agent: str, topic: str, partition: int, records: int, seconds: float, newest_appended_at: int) -> None:
        """Count a folded chunk; `newest_appended_at` is in microseconds since the epoch."""
        self._consumers.records.labels(agent, topic).inc(records)
        self._consumers.batches.labels(agent).observe(seconds)
        behind = max(0.0, self._clock() - newest_appended_at / _MICROSECONDS)
        self._consumers.seconds_behind.labels(agent, topic, partition).set(behind)

    def committed(self, agent: str, partition: int, outputs: int, changes: int, seconds: float) -> None:  # noqa: ARG002
        """Count a committed transaction."""
        self._transactions.labels(agent).observe(seconds)
        self._outputs.labels(agent).inc(outputs)
        self._changes.labels(agent).inc(changes)

    def watermark(self, agent: str, partition: int, event_time: int) -> None:
        """Note how far event time has come, in microseconds since the epoch."""
        self._watermark.labels(agent, partition).set(self._clock() - event_time / _MICROSECONDS)


class ProjectionMetrics:
    """Watches the runners of the projections."""

    def __init__(self, consumers: ConsumerMetrics) -> None:
        self._consumers = consumers

    def wrote(self, projection: str, records: int, bad: int, seconds: float) -> None:
        """Count a stored batch."""
        self._consumers.records.labels(projection, "").inc(records)
        self._consumers.dead_letters.labels(projection).inc(bad)
        self._consumers.batches.labels(projection).observe(seconds)

    def behind(self, projection: str, topic: str, partition: int, records: int, seconds: float) -> None:
        """Note how far a partition is behind its end."""
        self._consumers.lag.labels(projection, topic, partition).set(records)
        self._consumers.seconds_behind.labels(projection, topic, partition).set(seconds)

    def retrying(self, projection: str, attempt: int, delay_s: float, error: Exception) -> None:  # noqa: ARG002
        """Count a repeated attempt."""
        self._consumers.retries.labels(projection).inc()

    def fenced(self, projection: str, error: Exception) -> None:  # noqa: ARG002
        """Count partitions that a newer owner has taken."""
        self._consumers.fenced.labels(projection).inc()


def watch_pool(registry: CollectorRegistry, name: str, stats: Callable[[], Mapping[str, int]]) -> None:
    """Show a connection pool's size, idle connections and waiting requests (psycopg_pool's get_stats) when scraped.

    Call it once for each pool and registry.
    """
    gauge = Gauge("db_connection_pool_size", "Connections of a pool, by state", ["pool", "state"], registry=registry)
    for state, key in (("open", "pool_size"), ("idle", "pool_available"), ("waiting", "requests_waiting")):
        gauge.labels(name, state).set_function(_reader(stats, key))


def serve_metrics(registry: CollectorRegistry, port: int, host: str = "127.0.0.1") -> tuple[WSGIServer, Thread]:
    """Serve the registry over HTTP from a thread; port 0 takes a free one (`server.server_port`)."""
    return start_http_server(port, addr=host, registry=registry)


def _reader(stats: Callable[[], Mapping[str, int]], key: str) -> Callable[[], float]:
    return lambda: float(stats().get(key, 0))

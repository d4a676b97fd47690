import urllib.request

from prometheus_client import CollectorRegistry

from infra.metrics import ConsumerMetrics, ProjectionMetrics, StreamsMetrics, serve_metrics, watch_pool


def test_a_folded_chunk_counts_records_and_how_far_behind_they_are() -> None:
    registry = CollectorRegistry()
    streams = StreamsMetrics(registry, ConsumerMetrics(registry), clock=lambda: 1_000.0)

    streams.folded("bars", "market.ticks", 2, 500, 0.01, newest_appended_at=997_500_000)

    place = {"consumer": "bars", "topic": "market.ticks", "partition": "2"}
    assert 2.5 == registry.get_sample_value("consumer_seconds_behind", place)
    assert 500 == registry.get_sample_value("records_processed_total", {"consumer": "bars", "topic": "market.ticks"})


def test_a_clock_that_differs_from_the_brokers_does_not_make_the_delay_negative() -> None:
    registry = CollectorRegistry()
    streams = StreamsMetrics(registry, ConsumerMetrics(registry), clock=lambda: 1.0)

    streams.folded("bars", "market.ticks", 0, 1, 0.01, newest_appended_at=2_000_000)

    place = {"consumer": "bars", "topic": "market.ticks", "partition": "0"}
    assert 0.0 == registry.get_sample_value("consumer_seconds_behind", place)


def test_transactions_and_the_watermark_are_shown() -> None:
    registry = CollectorRegistry()
    streams = StreamsMetrics(registry, ConsumerMetrics(registry), clock=lambda: 100.0)

    streams.committed("bars", 0, outputs=3, changes=2, seconds=0.02)
    streams.watermark("bars", 0, 90_000_000)

    assert 1 == registry.get_sample_value("transaction_duration_seconds_count", {"agent": "bars"})
    assert 3 == registry.get_sample_value("records_produced_total", {"agent": "bars"})
    assert 10.0 == registry.get_sample_value("watermark_delay_seconds", {"agent": "bars", "partition": "0"})


def test_projections_report_lag_dead_letters_and_retries() -> None:
    registry = CollectorRegistry()
    projections = ProjectionMetrics(ConsumerMetrics(registry))

    projections.wrote("recommendations", 100, 2, 0.1)
    projections.behind("recommendations", "recommendations", 1, 40, 1.5)
    projections.retrying("recommendations", 1, 0.5, OSError())
    projections.fenced("recommendations", OSError())

    consumer = {"consumer": "recommendations"}
    place = {**consumer, "topic": "recommendations", "partition": "1"}
    assert 40 == registry.get_sample_value("kafka_consumer_lag", place)
    assert 1.5 == registry.get_sample_value("consumer_seconds_behind", place)
    assert [2, 1, 1] == [
        registry.get_sample_value(name, consumer)
        for name in ("dead_letters_total", "consumer_retries_total", "consumer_fenced_total")
    ]


def test_two_registries_do_not_know_each_other() -> None:
    first, second = CollectorRegistry(), CollectorRegistry()
    ProjectionMetrics(ConsumerMetrics(first)).wrote("x", 1, 0, 0.1)
    ConsumerMetrics(second)

    assert second.get_sample_value("records_processed_total", {"consumer": "x", "topic": ""}) is None


def test_a_pool_is_read_when_it_is_scraped() -> None:
    registry = CollectorRegistry()
    stats = {"pool_size": 4, "pool_available": 3}
    watch_pool(registry, "api", lambda: stats)
    stats["pool_available"] = 1

    found = [registry.get_sample_value("db_connection_pool_size", {"pool": "api", "state": s}) for s in ("open", "idle", "waiting")]
    assert [4, 1, 0] == found


def test_metrics_are_served_as_text() -> None:
    registry = CollectorRegistry()
    ConsumerMetrics(registry)
    server, thread = serve_metrics(registry, 0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=5) as response:
            assert b"kafka_consumer_lag" in response.read()
    finally:
        server.shutdown()
        thread.join(5)

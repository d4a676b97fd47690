"""One trace goes from a file to the read models, through the headers of every topic on the way."""

from itertools import groupby

import pytest

from infra.local.stack import EmbeddedStack
from tests.builders import MINUTE, SECOND, T0
from tests.faults.platform import Platform, platform
from tests.faults.world import train_model
from tests.integration.ingest.command import write_lines
from tests.integration.tracing.collector import Collector, Span, collecting

pytestmark = pytest.mark.stack

WAYS = {
    "bars.v1 store": ["market.ticks ingest", "bars fold", "bars.v1 store"],
    "symbol_features.v1 store": ["market.ticks ingest", "bars fold", "features fold", "symbol_features.v1 store"],
    "recommendations.v1 store": [
        *("market.ticks ingest", "bars fold", "features fold", "recommendations fold", "recommendations.v1 store"),
    ],
}


@pytest.fixture
def collector():
    with collecting() as collector:
        yield collector


@pytest.fixture
def running(stack: EmbeddedStack, collector: Collector, tmp_path):
    """A platform that tells its spans to the collector, which outlives it."""
    train_model(tmp_path)
    with platform(stack, tmp_path) as opened:
        opened.set(
            AUTOTRADER_TELEMETRY__OTLP_ENDPOINT=collector.endpoint,
            AUTOTRADER_STREAMS__IDLE_AFTER_S="0.2",
            OTEL_BSP_SCHEDULE_DELAY="50",
        )
        yield opened


def test_a_trace_goes_from_ingest_to_the_read_models(running: Platform, collector: Collector, tmp_path):
    times = range(T0, T0 + 4 * MINUTE, 5 * SECOND)
    ticks = write_lines(tmp_path / "ticks.csv", ["event_time,price,size,symbol", *(f"{at},100,1,ES" for at in times)])
    running.streams()
    running.projections()
    running.start("ingest", "ingest", str(ticks), "--kind", "ticks", "--source", "test", "--time-format", "epoch-us")
    running.until(lambda: all(ways_of(collector, name) for name in WAYS), timeout_s=30)

    way = ways_of(collector, "recommendations.v1 store")[0]
    assert ["ingest", "streams", "projections"] == [service for service, _ in groupby(span.service for span in way)]
    assert 1 == len({span.trace for span in way})
    assert_says_what_was_stored(way[-1])


def ways_of(collector: Collector, name: str) -> list[list[Span]]:
    """Return the whole ways to spans of a name; of others, spans on the way are not sent yet."""
    return [way for span in collector.named(name) if names(way := collector.way(span)) == WAYS[name]]


def names(way: list[Span]) -> list[str]:
    """Return the names; features that wait for a silent topic's clock go through the log once more."""
    return [name for name, _ in groupby(span.name for span in way)]


def assert_says_what_was_stored(span: Span) -> None:
    said = span.attributes
    assert ("recommendations.v1", "recommendations", 1) == (said["projection"], said["topic"], len(said["partitions"]))
    assert 0 == said["first_offsets"][0] <= said["last_offsets"][0]
    assert 1 <= said["rows"] <= said["last_offsets"][0] + 1

"""What an ingest tells of its trace: in headers only, and as seldom as will do."""

import threading

import pytest

from schemas.events.market import NewsPublished
from schemas.topics import CHECKPOINTS, NEWS, TICKS
from streams.sources.event_feed import EventFeed
from streams.sources.ingest import Ingest
from streams.sources.pace import FullSpeed
from tests.builders import T0, codec
from tests.fakes.tracing import FakeTracing
from tests.fakes.transactional_log import Log
from tests.unit.streams.sources.feeds import tick_feed

TICK_TIMES = [*range(1, 1_201)]


def ingest(feed, tracing=None, records_max=50_000):
    log = Log(partitions=2)
    Ingest(feed, log, codec(), tracing=tracing).run(FullSpeed(threading.Event(), records_max))
    return log


def ticks():
    return tick_feed(TICK_TIMES, block=10_000)


def news_feed():
    common = {"symbol": "ES", "source": "test", "headline": "words", "synthetic": True}
    items = [NewsPublished(id=f"n{at}", item_id=str(at), published_at=T0 + at, available_at=T0 + at, **common) for at in range(3)]
    return EventFeed.of(items, codec(), "test", "r" * 64, NEWS)


def carried(log, topic):
    """By partition: the traceparent of each record, None where it has none."""
    partitions = sorted(log.topics[topic].items())
    return [[only_trace(headers or ()) for _, _, headers in records] for _, records in partitions]


def only_trace(headers):
    found = [value for name, value in headers if name == "traceparent"]
    assert len(found) <= 1, "partitions share what a clock's records say, not what they carry"
    return found[0] if found else None


def without_traces(log):
    return {
        topic: {
            partition: [(value, key, [h for h in headers or () if h[0] != "traceparent"]) for value, key, headers in records]
            for partition, records in partitions.items()
        }
        for topic, partitions in log.topics.items()
    }


def test_a_few_ticks_of_each_partition_and_transaction_carry_its_trace():
    tracing = FakeTracing()
    full, clocks = sorted(carried(ingest(ticks(), tracing), TICKS), key=len, reverse=True)

    assert [("market.ticks ingest", None, True)] * 2 == [(span.name, span.parent, span.ended) for span in tracing.spans]
    assert {0: b"1", 500: b"1", 1_000: b"1", 1_200: b"2"} == {at: trace for at, trace in enumerate(full) if trace}
    assert [b"2"] == clocks, "the end of the recording is a transaction of its own"


def test_each_transaction_has_a_trace_of_its_own():
    full = max(carried(ingest(ticks(), FakeTracing(), records_max=400), TICKS), key=len)

    assert {0: b"1", 400: b"2", 800: b"3", 1_200: b"4"} == {at: trace for at, trace in enumerate(full) if trace}


def test_what_is_no_tick_carries_it_in_each_record():
    log = ingest(news_feed(), FakeTracing())

    assert sum(map(len, carried(log, NEWS))) > 3
    assert all(trace for records in carried(log, NEWS) for trace in records)


@pytest.mark.parametrize("feed", [ticks, news_feed])
def test_all_but_that_header_is_as_without(feed):
    traced, plain = ingest(feed(), FakeTracing()), ingest(feed())

    assert without_traces(traced) == without_traces(plain)
    assert any(trace for topic in (TICKS, NEWS) for records in carried(traced, topic) for trace in records)
    assert not any(trace for topic in plain.topics for records in carried(plain, topic) for trace in records)
    assert not any(trace for records in carried(traced, CHECKPOINTS) for trace in records)

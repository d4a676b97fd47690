import threading

import pytest

from schemas.codec import Codec
from schemas.events.market import ClockAdvanced
from schemas.headers import cloud_event_headers
from schemas.topics import BARS, NEWS
from streams.sources.event_feed import EventFeed
from streams.sources.ingest import Ingest
from streams.sources.pace import FullSpeed
from tests.builders import MINUTE, T0, bar, codec, news, tick
from tests.fakes.transactional_log import Log


def told(log: Log, reader: Codec, topic: str):
    return [reader.decode(value) for value in log.values(topic)]


def run(log, feed, stop):
    return Ingest(feed, log, codec()).run(FullSpeed(stop))


@pytest.fixture
def stop():
    return threading.Event()


def test_events_are_told_in_the_order_in_which_they_became_available(stop):
    log = Log(partitions=1)
    items = [news(T0 + 2), news(T0), news(T0 + 1)]
    run(log, EventFeed.of(items, codec(), "test", "r", NEWS), stop)
    events = told(log, codec(), NEWS)

    assert [news(T0), news(T0 + 1), news(T0 + 2)] == [event for event in events if not isinstance(event, ClockAdvanced)]
    assert events[-1] == ClockAdvanced(source="test", at=T0 + 2, reason="ended")


def test_records_carry_key_and_headers_of_the_event(stop):
    log = Log(partitions=1)
    run(log, EventFeed.of([news(T0)], codec(), "test", "r", NEWS), stop)
    value, key, headers = log.topics[NEWS][0][0]

    assert (codec().encode(news(T0)), b"ES", cloud_event_headers(news(T0))) == (value, key, headers)


def test_bars_need_no_clock(stop):
    log = Log()
    outcome = run(log, EventFeed.of([bar(start=T0 + n * MINUTE) for n in range(3)], codec(), "test", "r", BARS), stop)

    assert len(log.values(BARS)) == 3
    assert outcome.finished
    assert run(log, EventFeed.of([], codec(), "test", "r", BARS, until=1), stop).was_finished


def test_a_source_may_state_that_nothing_happened(stop):
    log = Log(partitions=2)
    run(log, EventFeed.of([], codec(), "test", "r", NEWS, until=T0), stop)

    assert [ClockAdvanced(source="test", at=T0, reason="ended")] * 2 == told(log, codec(), NEWS)


def test_a_part_leaves_the_end_open(stop):
    log = Log(partitions=1)
    run(log, EventFeed.of([news(T0)], codec(), "test", "r", NEWS, is_last=False), stop)
    run(log, EventFeed.of([news(T0), news(T0 + MINUTE)], codec(), "test", "r", NEWS), stop)

    assert [event.at for event in told(log, codec(), NEWS) if isinstance(event, ClockAdvanced)][-1] == T0 + MINUTE
    assert sum(not isinstance(event, ClockAdvanced) for event in told(log, codec(), NEWS)) == 2


def test_events_of_different_types_and_ticks_are_refused():
    with pytest.raises(ValueError, match=r"expected events of one type, found market\.bar, market\.news"):
        EventFeed.of([bar(), news(T0)], codec(), "test", "r", NEWS)
    with pytest.raises(TypeError, match=r"expected a bar, an action, a news item or a post, found market\.tick"):
        EventFeed.of([tick()], codec(), "test", "r", NEWS)

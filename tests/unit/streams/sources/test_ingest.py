import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events.market import ClockAdvanced, Tick
from schemas.topics import CHECKPOINTS, TICKS
from streams.sources.ingest import Ingest, IngestSettings
from streams.sources.pace import FullSpeed
from streams.sources.positions import Position, position_key
from streams.sources.problems import FileRefusedError, TakenOverError, UnfinishedError
from tests.builders import codec
from tests.fakes.transactional_log import Log
from tests.unit.streams.sources.feeds import tick_feed

SETTINGS = IngestSettings(heartbeat_us=10)


class Takes:
    """A pace that writes as many events as it is told, then stops."""

    def __init__(self, *counts):
        self._counts = list(counts)

    def take(self, due):
        return min(len(due), self._counts.pop(0)) if self._counts else 0


def at_once():
    return FullSpeed(threading.Event())


def ingest(log, feed, pace=None):
    return Ingest(feed, log, codec(), SETTINGS).run(pace or at_once())


def told(log, topic=TICKS, partition=None):
    partitions = log.topics[topic] if partition is None else [partition]
    return [codec().decode(value) for p in sorted(partitions) for value, _, _ in log.topics[topic][p]]


def test_all_events_and_the_end_are_written():
    log = Log()
    outcome = ingest(log, tick_feed([1, 2, 3, 25]))
    events = told(log)

    assert [1, 2, 3, 25] == [event.event_time for event in events if isinstance(event, Tick)]
    assert {25} == {event.at for event in events if isinstance(event, ClockAdvanced) and event.reason == "ended"}
    assert (outcome.written, outcome.finished, outcome.was_finished) == (4, True, False)


def test_a_finished_ingest_repeated_writes_nothing_and_says_so():
    log = Log()
    ingest(log, tick_feed([1, 2, 3], bad=2))
    before = {topic: {p: list(records) for p, records in partitions.items()} for topic, partitions in log.topics.items()}
    outcome = ingest(log, tick_feed([1, 2, 3], bad=2))

    assert (outcome.events, outcome.written, outcome.was_finished, outcome.refused) == (3, 0, True, 2)
    assert before == log.topics


@given(
    times=st.lists(st.integers(0, 60), min_size=1, max_size=30),
    runs=st.lists(st.lists(st.integers(1, 9), max_size=6), max_size=4),
    block=st.integers(1, 7),
)
def test_interrupted_anywhere_and_repeated_it_writes_what_one_undisturbed_run_writes(times, runs, block):
    undisturbed, interrupted = Log(), Log()
    ingest(undisturbed, tick_feed(times, block))
    for counts in runs:
        ingest(interrupted, tick_feed(times, block), Takes(*counts))
    ingest(interrupted, tick_feed(times, block))

    assert undisturbed.topics[TICKS] == interrupted.topics[TICKS]


@given(times=st.lists(st.integers(0, 60), min_size=1, max_size=30), block=st.integers(1, 7))
def test_no_event_comes_after_a_clock_that_says_it_is_over(times, block):
    log = Log(partitions=1)
    ingest(log, tick_feed(times, block))
    clock = -1
    for event in told(log):
        if isinstance(event, ClockAdvanced):
            assert event.at > clock
            clock = event.at
        else:
            assert event.event_time > clock


def test_a_heartbeat_goes_to_every_partition():
    log = Log()
    ingest(log, tick_feed([1, 25]))

    for partition in range(4):
        clocks = [(event.reason, event.at) for event in told(log, partition=partition) if isinstance(event, ClockAdvanced)]

        assert clocks == [("heartbeat", 20), ("ended", 25)]


def test_a_part_is_written_first_and_the_rest_later_as_one_recording():
    whole, parts = Log(), Log()
    times = [1, 5, 12, 13, 40, 41, 42, 43]
    ingest(whole, tick_feed(times))
    first = ingest(parts, tick_feed(times, end_row=5))
    second = ingest(parts, tick_feed(times))

    assert (first.written, second.written) == (5, 3)
    assert whole.topics[TICKS] == parts.topics[TICKS]


def test_a_shifted_part_under_another_source_states_its_own_time():
    log = Log(partitions=1)
    ingest(log, tick_feed([1, 2, 30, 31], first_row=2, shift_us=100, source="loop"))

    assert [130, 131] == [event.event_time for event in told(log) if isinstance(event, Tick)]
    assert [event.at for event in told(log) if isinstance(event, ClockAdvanced)][-1] == 131


def test_until_says_how_far_the_source_has_told():
    log = Log(partitions=1)
    ingest(log, tick_feed([1], until=1000))

    assert told(log)[-1] == ClockAdvanced(source="test", at=1000, reason="ended")


def test_other_options_than_it_was_begun_with_are_refused():
    log = Log()
    ingest(log, tick_feed([1], options={"timezone": "UTC"}), Takes(1))
    with pytest.raises(FileRefusedError, match=r"begun with under source test \(timezone UTC\), found timezone America/Chicago"):
        ingest(log, tick_feed([1], options={"timezone": "America/Chicago"}))


def test_the_position_is_kept_in_the_log_under_the_recording():
    log = Log()
    ingest(log, tick_feed([1, 2, 3]), Takes(2))
    [(value, key, _)] = [record for records in log.topics[CHECKPOINTS].values() for record in records]

    assert position_key("test", "r" * 64) == key
    assert Position.from_bytes(value) == Position(next_ordinal=2, events=2)


def test_each_recording_has_a_position_of_its_own():
    log = Log(partitions=1)
    ingest(log, tick_feed([1, 2, 3]))
    outcome = ingest(log, tick_feed([1, 2], recording="other"))

    assert (outcome.was_finished, outcome.written) == (False, 2)
    assert ingest(log, tick_feed([1, 2, 3])).events == 3


def test_a_second_ingest_of_the_same_file_ends_the_first():
    log, feed = Log(), tick_feed(list(range(20)))

    class Overtaken:
        def take(self, due):
            ingest(log, feed, Takes(1))
            return len(due)

    with pytest.raises(TakenOverError, match="another ingest of the same file has begun since"):
        ingest(log, feed, Overtaken())


def test_a_missing_topic_is_named_with_what_to_do():
    log = Log(missing={TICKS})
    with pytest.raises(
        UnfinishedError, match=r"expected a topic market\.ticks, found none: create it with `autotrader topics create`"
    ):
        ingest(log, tick_feed([1]))


def test_nothing_to_tell_writes_nothing():
    log = Log()
    outcome = ingest(log, tick_feed([]))

    assert (outcome.finished, outcome.written, dict(log.topics)) == (True, 0, {})

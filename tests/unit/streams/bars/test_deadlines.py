"""Ticks that close no bar may wait: a quick look never says so of one that closes a bar of its symbol."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from schemas.events.market import Tick
from schemas.topics import TICKS
from streams.bars.settings import BarsSettings
from tests.builders import MINUTE, SECOND, T0, Record, clock, tick
from tests.unit.streams.bars.harness import Driver, as_record

SETTINGS = BarsSettings(intervals=("1m", "5m"), lateness_us=2 * SECOND, kept_window_us=10 * MINUTE)
CLOSING = T0 + MINUTE + 2 * SECOND


def driver() -> Driver:
    """A fold with open windows of ES and NQ."""
    made = Driver(SETTINGS)
    made.give(tick(event_time=T0), tick(event_time=T0, symbol="NQ"))
    return made


def may_wait(fold: Driver, *records: Record) -> bool:
    return fold.fold.may_wait(TICKS, records)


def test_ticks_before_the_deadline_may_wait() -> None:
    assert may_wait(driver(), as_record(tick(event_time=CLOSING - 1)), as_record(tick(event_time=T0, symbol="NQ")))


def test_the_tick_that_closes_a_bar_may_not() -> None:
    assert not may_wait(driver(), as_record(tick(event_time=T0)), as_record(tick(event_time=CLOSING)))


def test_a_bar_that_is_closed_does_not_hurry_anybody() -> None:
    fold = driver()
    fold.give(tick(event_time=CLOSING))

    assert may_wait(fold, as_record(tick(event_time=CLOSING + SECOND)))
    assert not may_wait(fold, as_record(tick(event_time=CLOSING + MINUTE)))


def test_what_is_no_tick_of_a_known_symbol_may_not() -> None:
    plain = as_record(tick(event_time=T0))

    assert not may_wait(driver(), as_record(tick(event_time=T0, symbol="CL")))
    assert not may_wait(driver(), as_record(clock(T0)))
    assert not may_wait(driver(), replace(plain, value=b""))
    assert not may_wait(driver(), replace(plain, value=None))
    assert not may_wait(driver(), replace(plain, key=None))


ticks = st.builds(
    lambda symbol, source, at, sequence: tick(symbol=symbol, source=source, event_time=T0 + at, sequence=sequence),
    st.sampled_from(["ES", "NQ"]),
    st.sampled_from(["one", "two"]),
    st.integers(0, 8 * MINUTE),
    st.integers(0, 100),
)


@given(st.lists(ticks, max_size=30))
def test_a_tick_that_may_wait_closes_no_bar(given_ticks: list[Tick]) -> None:
    fold = Driver(BarsSettings(intervals=("1m", "5m"), lateness_us=2 * SECOND, kept_window_us=60 * MINUTE))
    for one in given_ticks:
        waits, before = may_wait(fold, as_record(one)), replace(fold.fold.counts)
        fold.give(one)

        # A late tick gives a correction: that nobody sees coming, and it may wait.
        assert not waits or (fold.fold.counts.bars == before.bars or fold.fold.counts.late_ticks > before.late_ticks)

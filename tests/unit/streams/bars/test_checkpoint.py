"""The committed state: only what changed, gone when it is not needed any more, refused when it cannot be read."""

import struct
from dataclasses import replace

import pytest

from streams.bars import closed
from streams.bars.arrays import NEVER
from streams.bars.state import StateError
from tests.builders import MINUTE, SECOND, clock, tick
from tests.unit.streams.bars.harness import MINUTES, Driver, as_record, at, bars

OPEN = b"open/test/ES"


@pytest.fixture
def sweeps_often(monkeypatch):
    monkeypatch.setattr(closed, "_SWEEP_AT_LEAST", 1)


def changes(driver: Driver, *events):
    driver.apply([as_record(event) for event in events])
    return driver.fold.drain().changes


def test_only_the_groups_that_had_ticks_are_written():
    driver = Driver()

    assert changes(driver, tick(), tick(symbol="NQ")).keys() == {OPEN, b"open/test/NQ"}
    assert changes(driver, tick(symbol="NQ")).keys() == {b"open/test/NQ"}
    assert changes(driver) == {}


def test_the_same_ticks_give_the_same_state_bytes():
    given = [tick(event_time=at(s), sequence=s, symbol=symbol) for s in range(200) for symbol in ("ES", "NQ")]
    one, other = Driver(), Driver()
    one.apply([as_record(event) for event in given])
    for event in given:
        other.apply([as_record(event)])

    assert one.fold.drain().changes == other.fold.drain().changes


def test_a_clock_is_written_once_and_not_in_each_group():
    driver = Driver()
    changes(driver, tick(event_time=at(30)))

    assert changes(driver, clock(at(61))).keys() == {b"clock/test"}
    assert changes(driver, clock(at(60))) == {}


def test_a_closed_bar_is_written_once_and_again_when_it_is_corrected():
    driver = Driver()
    changes(driver, tick())

    assert changes(driver, clock(at(62))).keys() == {b"clock/test", OPEN, b"closed/%016x" % 0}
    assert changes(driver, tick(event_time=at(70))).keys() == {OPEN}

    corrected = changes(driver, tick(event_time=at(50)))

    assert corrected[b"closed/%016x" % 0] is None
    assert corrected.keys() == {OPEN, b"closed/%016x" % 0, b"closed/%016x" % 1}


@pytest.mark.usefixtures("sweeps_often")
def test_closed_bars_are_removed_once_no_tick_may_correct_them():
    driver = Driver()
    for minute in range(100):
        driver.give(tick(event_time=at(60 * minute)))

    kept = MINUTES.kept_window_us // MINUTE
    assert sum(key.startswith(b"closed/") for key in driver.state) <= 1.25 * kept + 2
    assert len(driver.state) <= 1.25 * kept + 3


@pytest.mark.usefixtures("sweeps_often")
def test_a_bar_may_be_corrected_as_long_as_the_kept_window_says():
    driver = Driver()
    driver.give(*(tick(event_time=at(60 * minute), sequence=minute) for minute in range(60)))
    oldest = 59 - MINUTES.kept_window_us // MINUTE
    driver.restore()

    assert [(bar.start, bar.revision) for bar in bars(driver.give(tick(event_time=at(60 * oldest))))] == [(at(60 * oldest), 1)]


@pytest.mark.usefixtures("sweeps_often")
def test_the_price_carried_over_outlives_the_bar_it_is_of():
    driver = Driver()
    driver.give(tick(price=105.0), clock(at(62)))
    for minute in range(20, 40):
        driver.give(tick(event_time=at(60 * minute), symbol="NQ"))
    driver.give(clock(at(6000)), tick(event_time=at(9000), symbol="NQ"))
    assert not any(driver.fold._closed._latest.get(slot) is not None for slot in (0,)), (
        "the test means to look behind the kept bars"
    )
    driver.restore()

    (bar,) = bars(driver.give(tick(event_time=at(6030), price_eligible=False), clock(at(6062))))[-1:]

    assert (bar.symbol, bar.close, bar.trades) == ("ES", 105.0, 0)


@pytest.mark.usefixtures("sweeps_often")
def test_names_of_recordings_that_no_window_names_are_forgotten(monkeypatch):
    monkeypatch.setattr("streams.bars.fold._RECORDINGS_SPARE", 10)
    driver = Driver()
    for minute in range(200):
        driver.give(tick(event_time=at(60 * minute), recording=f"session-{minute}", sequence=minute))

    assert len(driver.fold._recordings) < 50
    driver.restore()
    (bar,) = bars(driver.give(tick(event_time=at(60 * 195), recording="late", sequence=1)))
    assert bar.inputs == ("test/late/1", "test/session-195/195")


# -- other settings than the last owner had -----------------------------------------------------------------------------


def test_with_a_longer_lateness_a_bar_that_is_not_due_any_more_closes_again_as_a_revision():
    driver = Driver()
    driver.give(tick(event_time=at(10)), clock(at(70)))
    driver.restore(replace(MINUTES, lateness_us=60 * SECOND))

    assert driver.give(tick(event_time=at(20))) == []
    driver.restore()
    assert [(bar.revision, bar.volume) for bar in bars(driver.give(clock(at(120))))] == [(1, 2.0)]


def test_with_a_shorter_lateness_a_bar_that_is_due_closes_with_the_next_tick():
    driver = Driver(replace(MINUTES, lateness_us=60 * SECOND))
    driver.give(tick(event_time=at(10)), tick(event_time=at(70)))
    driver.restore(MINUTES)

    assert [(bar.start, bar.revision) for bar in bars(driver.give(tick(event_time=at(71))))] == [(at(0), 0)]


@pytest.mark.usefixtures("sweeps_often")
def test_with_a_longer_kept_window_what_was_forgotten_stays_too_late():
    driver = Driver()
    driver.give(*(tick(event_time=at(60 * minute)) for minute in range(60)))
    driver.restore(replace(MINUTES, kept_window_us=24 * 60 * MINUTE))

    driver.give(tick(event_time=at(60)))

    assert driver.fold.counts.dead_letters == {"too_late": 1}


def test_windows_of_an_interval_that_is_not_built_any_more_are_left_out():
    driver = Driver(replace(MINUTES, intervals=("1m", "1h")))
    driver.give(tick(), clock(at(62)))
    driver.restore(replace(MINUTES, intervals=("1h", "5m")))

    outputs = driver.give(tick(event_time=at(100)), clock(at(4000)))

    assert [(bar.interval, bar.volume) for bar in bars(outputs)] == [("5m", 1.0), ("1h", 2.0)]


# -- state that cannot be read ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [OPEN, b"closed/%016x" % 0, b"clock/test"])
def test_state_of_another_version_is_refused(key):
    driver = Driver()
    driver.give(tick(), clock(at(62)), tick(event_time=at(100)))
    driver.state[key] = b"\x02" + driver.state[key][1:]

    with pytest.raises(StateError, match="expected bars state of version 1, found 2"):
        driver.restore()


@pytest.mark.parametrize("key", [OPEN, b"closed/%016x" % 0])
def test_state_of_another_length_is_refused(key):
    driver = Driver()
    driver.give(tick(), clock(at(62)), tick(event_time=at(100)))
    driver.state[key] += b"\x00"

    with pytest.raises(StateError, match=r"expected \d+ bytes of state for 1 windows"):
        driver.restore()


def test_state_under_a_key_that_is_not_ours_is_refused():
    with pytest.raises(StateError, match="expected a key of open, closed or clock"):
        Driver(state={b"other/x": b""})

    driver = Driver()
    driver.give(tick())
    with pytest.raises(StateError, match="under their key"):
        Driver(state={b"open/test/NQ": driver.state[OPEN]})


def test_state_is_a_fixed_layout():
    """These bytes are committed state of running systems: a change needs a new version."""
    driver = Driver()
    driver.apply([as_record(tick(event_time=at(1), sequence=2, price=3.0, size=4.0))])

    written = driver.fold.drain().changes[OPEN]

    group = struct.pack("<BqqH", 1, at(1), NEVER, 0)
    table = struct.pack("<BII", 1, 3, 1) + b"\x04\x00test\x02\x00ES\x01\x00r"
    ints = struct.pack("<12q", 0, 1, MINUTE, at(0), 1, 0, at(1), 2, 2, at(1), 2, 2)
    assert written == group + table + ints + struct.pack("<7d", 4.0, 12.0, 4.0, 3.0, 3.0, 3.0, 3.0)

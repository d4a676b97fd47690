import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrader.demo.plan import (
    DAY_US,
    HELD_BACK,
    HISTORY,
    PAUSE_US,
    WEEK_US,
    Slice,
    day_end,
    days_boundary,
    first_session,
    loop_of,
    part_name,
    period,
    ticks_boundary,
)


def test_the_last_sixty_trading_days_are_held_back_however_many_symbols_trade_on_each():
    days = [day * DAY_US for day in range(300) for _symbol in range(5)]

    assert days_boundary(days) == 239 * DAY_US


def test_of_a_short_slice_a_fourth_of_the_days_is_held_back():
    assert days_boundary([day * DAY_US for day in range(40)]) == 29 * DAY_US


def test_at_least_one_day_stays_on_each_side():
    assert days_boundary([0, DAY_US]) == 0


def test_one_day_cannot_be_split():
    with pytest.raises(ValueError, match="at least two trading days"):
        days_boundary([0, 0])


def test_the_last_two_hours_of_ticks_are_held_back():
    times = np.arange(0, 24 * PAUSE_US, PAUSE_US // 60, np.int64)

    boundary = ticks_boundary(times)

    assert times[-1] - times[boundary] <= 2 * PAUSE_US < times[-1] - times[boundary - 1]


def test_ticks_of_one_moment_are_not_torn_apart():
    times = np.array([0, 10, 20, 30, 30, 30, 40], np.int64)

    assert times[ticks_boundary(times) - 1] < times[ticks_boundary(times)]


def test_a_session_ends_where_the_first_pause_begins():
    times = np.array([0, 1, 2, 2 + PAUSE_US + 1, 2 + PAUSE_US + 2, 9 * PAUSE_US], np.int64)

    assert first_session(times) == 3


def test_without_a_pause_all_is_one_session():
    assert first_session(np.array([0, 1, 2], np.int64)) == 3


@given(st.integers(0, 10**16), st.integers(0, 10**14), st.integers(1, 500))
def test_what_is_repeated_begins_after_its_own_end_and_no_unit_later_than_it_must(begins_after, length, loops):
    ends_at = begins_after + length
    shift = period(begins_after, ends_at, WEEK_US)

    assert shift % WEEK_US == 0
    assert begins_after + loops * shift >= ends_at + (loops - 1) * shift
    assert shift == WEEK_US or begins_after + shift - WEEK_US < ends_at


def test_a_day_ends_at_midnight_and_midnight_belongs_to_the_next_day():
    assert day_end(DAY_US - 1) == DAY_US
    assert day_end(DAY_US) == 2 * DAY_US


def test_parts_are_numbered_from_the_history_on_and_repetitions_from_one():
    assert [loop_of(part) for part in (HISTORY, HELD_BACK, 2, 3)] == [0, 0, 1, 2]
    assert [part_name(part) for part in (HISTORY, HELD_BACK, 3)] == ["history", "held-back part", "repetition 2"]


def test_a_slice_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 2 ticks"):
        Slice(ticks=0)

import threading
import time

import numpy as np
import pytest

from autotrader.demo.pace import DayByDay, Noted

DAYS = np.array([1, 1, 1, 2, 2, 3], np.int64)


def told(pace, due):
    """Return what the pace gives out, group by group."""
    at, groups = 0, []
    while at < len(due) and (taken := pace.take(due[at:])):
        groups.append(due[at : at + taken].tolist())
        at += taken
    return groups


def test_a_day_is_written_at_once():
    assert told(DayByDay(threading.Event(), 0.0), DAYS) == [[1, 1, 1], [2, 2], [3]]


def test_between_days_lies_the_time_that_was_asked_for():
    began = time.monotonic()

    told(DayByDay(threading.Event(), 0.05), DAYS)

    assert 0.1 <= time.monotonic() - began < 2.0


def test_the_first_day_and_the_rest_of_a_day_come_without_waiting():
    pace = DayByDay(threading.Event(), 60.0)

    assert pace.take(DAYS[:2]) == 2
    assert pace.take(DAYS[2:3]) == 1


def test_told_to_stop_it_gives_out_nothing_more_and_does_not_wait():
    stop = threading.Event()
    pace = DayByDay(stop, 60.0)
    pace.take(DAYS)
    threading.Timer(0.05, stop.set).start()

    began = time.monotonic()

    assert pace.take(DAYS[3:]) == 0
    assert time.monotonic() - began < 5.0


def test_a_negative_time_is_refused():
    with pytest.raises(ValueError, match="0 seconds or more"):
        DayByDay(threading.Event(), -1.0)


def test_the_time_of_the_last_event_given_out_is_noted():
    noted = []

    told(Noted(DayByDay(threading.Event(), 0.0), noted.append), DAYS)

    assert noted == [1, 2, 3]

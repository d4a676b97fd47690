import threading
import time

import numpy as np
import pytest

from streams.sources.pace import FullSpeed, Paced


def test_full_speed_takes_a_transaction_full():
    pace = FullSpeed(threading.Event(), records_max=3)

    assert pace.take(np.arange(10)) == 3
    assert pace.take(np.arange(2)) == 2


def test_told_to_stop_nothing_is_taken():
    stop = threading.Event()
    stop.set()

    assert FullSpeed(stop).take(np.arange(10)) == 0
    assert Paced(stop, 1).take(np.arange(10)) == 0


def test_paced_events_come_when_they_are_due_and_not_before():
    pace = Paced(threading.Event(), speed=10, interval_s=0.0)
    due = np.array([0, 0, 2_000_000, 4_000_000])
    began, taken = time.monotonic(), [2]

    assert pace.take(due) == 2

    taken.append(pace.take(due[2:]))

    assert time.monotonic() - began >= 0.2
    assert taken == [2, 1]


def test_paced_transactions_are_apart():
    pace = Paced(threading.Event(), speed=1e6, interval_s=0.05)
    began = time.monotonic()
    pace.take(np.zeros(1, np.int64))
    pace.take(np.zeros(1, np.int64))

    assert time.monotonic() - began >= 0.05


def test_waiting_ends_when_told_to_stop():
    stop = threading.Event()
    pace = Paced(stop, speed=1)
    pace.take(np.zeros(1, np.int64))
    threading.Timer(0.05, stop.set).start()
    began = time.monotonic()

    assert pace.take(np.array([3_600_000_000])) == 0
    assert time.monotonic() - began < 5


def test_a_speed_has_to_be_above_zero():
    with pytest.raises(ValueError, match="expected a speed above 0, found 0"):
        Paced(threading.Event(), 0)

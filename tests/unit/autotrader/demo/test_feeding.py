import threading
import time

import pytest

from autotrader.demo.feeding import Feeding, LaneState, Speeds, day_by_day, many_times
from autotrader.demo.plan import HELD_BACK, HISTORY
from streams.sources.problems import UnfinishedError


class Lane:
    def __init__(self, name, symbols):
        self.name = name
        self.symbols = symbols


STOCKS, FUTURES = Lane("stocks", ("AAA", "BBB")), Lane("futures", ("FUT",))


class Telling:
    """Remembers what it was asked to tell, and is told to stop after so many parts."""

    def __init__(self, parts_max=100, first_loop=HELD_BACK + 1, begun=False):
        self.stop = threading.Event()
        self.told = []
        self._parts_max = parts_max
        self._first_loop = first_loop
        self._begun = begun
        self._lock = threading.Lock()

    def tell(self, lane, part, _pace, _progress):
        with self._lock:
            if len(self.told) >= self._parts_max:
                self.stop.set()
                return False
            self.told.append((lane.name, part))
        return True

    def first_loop(self, _lane):
        return self._first_loop

    def was_begun(self, _lane):
        return self._begun


def feeding(telling, between=lambda: None):
    lanes = [(STOCKS, day_by_day), (FUTURES, many_times)]
    return Feeding(telling, lambda: lanes, Speeds(), lambda *_: None, between)


def wait(given):
    deadline = time.monotonic() + 10
    while not given.has_told_recorded() and time.monotonic() < deadline:
        time.sleep(0.01)
    given.join()


def test_the_lanes_are_told_one_after_the_other_with_room_between():
    telling = Telling()
    given = feeding(telling, between=lambda: telling.told.append("between"))

    given.start([HISTORY, HELD_BACK], go_on=False)
    wait(given)

    stocks, futures = ([(name, part) for part in (HISTORY, HELD_BACK)] for name in ("stocks", "futures"))
    assert telling.told == [*stocks, "between", *futures]


def test_it_goes_on_with_what_was_held_back_and_repeats_that():
    telling = Telling(parts_max=10, first_loop=HELD_BACK + 4)
    given = feeding(telling)

    given.start([HISTORY], go_on=True)
    wait(given)

    for name in ("stocks", "futures"):
        parts = [part for lane, part in telling.told if lane == name]
        assert parts == [HISTORY, HELD_BACK, *range(HELD_BACK + 4, HELD_BACK + 20)][: len(parts)]
    assert len(telling.told) == 10


def test_it_knows_the_lane_of_each_symbol_and_whether_an_earlier_run_has_told_something():
    for begun in (False, True):
        given = feeding(Telling(begun=begun))
        given.start([HISTORY], go_on=False)
        wait(given)

        assert given.lane_of == {"AAA": "stocks", "BBB": "stocks", "FUT": "futures"}
        assert given.resumed is begun


def test_told_to_stop_it_has_not_told_everything():
    given = feeding(Telling(parts_max=1))

    given.start([HISTORY], go_on=True)
    given.join()

    assert not given.has_told_recorded()


def test_what_ends_a_thread_is_raised_where_somebody_looks():
    telling = Telling()

    def tell(*_):
        raise UnfinishedError("Kafka did not answer")

    telling.tell = tell
    given = feeding(telling)
    given.start([HISTORY], go_on=False)

    with pytest.raises(UnfinishedError, match="did not answer"):
        wait(given)


def test_where_each_lane_is_can_be_seen():
    telling = Telling()

    def tell(_lane, _part, pace, _progress):
        pace._note(42)
        return True

    telling.tell = tell
    given = feeding(telling)
    given.start([HISTORY], go_on=False)
    wait(given)

    assert given.states == {"stocks": LaneState(HISTORY, 42), "futures": LaneState(HISTORY, 42)}

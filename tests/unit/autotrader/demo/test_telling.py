import threading

import pytest

from autotrader.demo.plan import HELD_BACK
from autotrader.demo.sides import SideFeed
from autotrader.demo.telling import Telling
from schemas.topics import NEWS
from streams.sources.positions import Position, position_key
from tests.builders import T0, clock, codec

CODEC = codec()


class Lane:
    name = "lane"

    def feeds(self, part):
        return [feed(is_last=part == HELD_BACK)]


def feed(**changes):
    return SideFeed("s", "market", NEWS, CODEC, [clock(T0), clock(T0 + 1)], **changes)


def telling(positions):
    """Return a telling without Kafka: what it takes for told it does not touch."""
    return Telling(None, CODEC, threading.Event(), {position_key(*name): position for name, position in positions.items()})


def test_the_first_repetition_follows_where_none_was_begun():
    assert telling({}).first_loop(Lane()) == HELD_BACK + 1


def test_the_repetition_goes_on_with_the_newest_one_begun():
    begun = {("demo-loop", f"loop-{loop}/market"): Position() for loop in (1, 2, 10)} | {("demo-loop", "loop-11/other"): Position()}

    assert telling(begun).first_loop(Lane()) == HELD_BACK + 10


@pytest.mark.parametrize("stored", [Position(done=True), Position(events=2)])
def test_a_beginning_that_was_told_is_not_told_again(stored):
    assert telling({("s", "market"): stored}).tell(Lane(), 0, None, lambda *_: None)


def test_what_was_told_in_part_goes_to_the_ingest():
    with pytest.raises(AttributeError):
        telling({("s", "market"): Position(events=1)}).tell(Lane(), 0, None, lambda *_: None)


def test_what_was_begun_with_other_options_goes_to_the_ingest_which_refuses_it():
    class Other(Lane):
        def feeds(self, part):
            return [feed(is_last=part == HELD_BACK, options={"days": "8"})]

    with pytest.raises(AttributeError):
        telling({("s", "market"): Position(done=True, options={"days": "all"})}).tell(Other(), 0, None, lambda *_: None)


def test_an_earlier_run_is_known_by_what_it_told():
    assert telling({("s", "market"): Position()}).was_begun(Lane())
    assert not telling({("t", "market"): Position()}).was_begun(Lane())

"""Read models whose process is killed while they are built: their tables are those of an undisturbed run, row by row."""

import os
import random
import time

import pytest

from tests.faults.conftest import Undisturbed
from tests.faults.platform import Feed, Platform
from tests.faults.world import SHORT, side_messages, tick_messages

pytestmark = [pytest.mark.stack, pytest.mark.faults]

SEED = int(os.environ.get("FAULT_SEED", "20130904"))


def feed_until_more_is_stored(running: Platform, feed: Feed) -> None:
    before = running.projected()

    def has_more() -> bool:
        feed.some(300)
        return running.projected() != before

    running.until(has_more)


def test_kill_minus_nine_under_load_changes_no_row(running: Platform, undisturbed: Undisturbed) -> None:
    moments = random.Random(SEED)
    running.write(side_messages())
    feed = running.feed(tick_messages(SHORT))
    running.streams()
    running.projections()
    for _ in range(2):
        feed_until_more_is_stored(running, feed)
        feed.some(2_000)
        time.sleep(moments.uniform(0.0, 0.3))
        running.kill("projections")
        running.start_again("projections")
    feed.all()
    running.until_projected()
    print(f"seed {SEED}: 2 kills of the projections")

    assert undisturbed.tables == running.tables()
    assert running.dead_letters() == []

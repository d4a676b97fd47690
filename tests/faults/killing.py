"""Kills at moments that hurt."""

import random
import time

from schemas.topics import CHECKPOINTS
from tests.faults.platform import Feed, Platform


def kill_within_a_transaction(running: Platform, name: str, feed: Feed, moments: random.Random, topic: str = CHECKPOINTS) -> bool:
    """Kill a child under load as soon as a transaction is seen to be open; return whether the kill left one open."""
    time.sleep(moments.uniform(0.0, 0.3))
    deadline = time.monotonic() + 3.0
    while not running.has_open_transaction(topic) and time.monotonic() < deadline:
        feed.some(moments.randrange(1, 40))
    running.kill(name)
    return running.has_open_transaction(topic)


def until_it_works(running: Platform, feed: Feed) -> None:
    """Feed the worker until it has committed something."""
    before = running.folded()
    feed.some(200)
    running.until(lambda: running.folded() != before)

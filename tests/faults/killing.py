"""Kills at moments that hurt."""

import random
import signal
import time

from schemas.topics import CHECKPOINTS
from tests.faults.platform import Feed, Platform


def kill_within_a_transaction(running: Platform, name: str, feed: Feed, moments: random.Random, topic: str = CHECKPOINTS) -> bool:
    """Kill a child under load, within a transaction if one is to be met in some seconds; return whether the kill left one open.

    A transaction is over in milliseconds: a child that is seen to have one is frozen, and killed if it is open still.
    """
    time.sleep(moments.uniform(0.0, 0.3))
    child, deadline = running.children[name], time.monotonic() + 5.0
    while child.poll() is None and time.monotonic() < deadline:
        feed.some(moments.randrange(1, 40))
        if running.has_open_transaction(topic):
            child.send_signal(signal.SIGSTOP)
            if running.has_open_transaction(topic):
                break
            child.send_signal(signal.SIGCONT)
    running.kill(name)
    return running.has_open_transaction(topic)


def until_it_works(running: Platform, feed: Feed) -> None:
    """Feed the worker until it has committed something."""
    before = running.folded()
    feed.some(200)
    running.until(lambda: running.folded() != before)

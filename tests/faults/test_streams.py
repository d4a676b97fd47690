"""Workers that are killed, frozen, joined and sent away: what read_committed shows is what an undisturbed run shows, byte for byte."""

import os
import random
import signal
import time

import pytest

from tests.faults.conftest import Opening, Undisturbed
from tests.faults.killing import kill_within_a_transaction, until_it_works
from tests.faults.platform import EXIT_FENCED, Platform
from tests.faults.poison import with_poison
from tests.faults.world import SHORT, side_messages, tick_messages, vendor_messages

pytestmark = [pytest.mark.stack, pytest.mark.faults]

SEED = int(os.environ.get("FAULT_SEED", "20130903"))


def test_kill_minus_nine_within_transactions_changes_no_byte(running: Platform, undisturbed: Undisturbed) -> None:
    moments, left_open = random.Random(SEED), 0
    messages = list(with_poison(tick_messages(SHORT), 40))
    running.write(side_messages())
    feed = running.feed(message.record for message in messages)
    feed.some(SHORT // 4)
    running.streams()
    for _ in range(3):
        until_it_works(running, feed)
        left_open += kill_within_a_transaction(running, "streams-1", feed, moments)
        running.start_again("streams-1")
    feed.all()
    running.until_folded()
    print(f"seed {SEED}: 3 kills, {left_open} with a transaction left open")

    assert undisturbed.topics == running.fingerprints()
    assert sum(message.is_poison for message in messages) == len(running.dead_letters()) == len(set(running.dead_letter_places()))
    assert left_open >= 2


def test_workers_that_join_leave_and_return_under_load_change_no_byte(running: Platform, undisturbed: Undisturbed) -> None:
    messages = list(tick_messages(SHORT))
    running.write([*side_messages(), *messages[: SHORT // 3]])
    running.streams("streams-1")
    running.streams("streams-2")
    running.until(lambda: bool(running.folded()))
    running.write(messages[SHORT // 3 : SHORT // 2])
    running.streams("streams-3")
    running.children["streams-2"].terminate()
    running.children["streams-2"].wait(20)
    running.write(messages[SHORT // 2 :])
    running.streams("streams-2")
    running.until_folded()

    assert undisturbed.topics == running.fingerprints()


def test_a_worker_frozen_past_its_session_and_thawed_changes_no_byte(running: Platform, undisturbed: Undisturbed) -> None:
    messages = list(tick_messages(SHORT))
    running.write([*side_messages(), *messages[: SHORT // 2]])
    frozen = running.streams("streams-1")
    running.streams("streams-2")
    running.until(lambda: bool(running.folded()))
    frozen.send_signal(signal.SIGSTOP)
    running.write(messages[SHORT // 2 :])
    time.sleep(6)
    frozen.send_signal(signal.SIGCONT)
    running.until_folded()

    assert undisturbed.topics == running.fingerprints()
    assert running.children["streams-1"].poll() in (None, EXIT_FENCED)


def test_two_workers_and_another_pace_give_the_same_bytes(running: Platform, undisturbed: Undisturbed) -> None:
    running.write(side_messages())
    running.streams("streams-1")
    running.streams("streams-2")
    messages = list(tick_messages(SHORT))
    for start in range(0, SHORT, 2_000):
        running.write(messages[start : start + 2_000])
        time.sleep(0.2)
    running.until_folded()

    assert undisturbed.topics == running.fingerprints()


def test_bars_that_a_vendor_writes_between_the_built_ones_change_no_byte(open_platform: Opening) -> None:
    ticks, bars = list(tick_messages(SHORT // 2)), list(vendor_messages(2_400))
    with open_platform() as quiet:
        quiet.write([*side_messages(), *bars, *ticks])
        quiet.streams()
        quiet.until_folded()
        expected = quiet.fingerprints()
    with open_platform() as running:
        running.write(side_messages())
        running.streams()
        for part in range(24):
            running.write(ticks[part * 500 : (part + 1) * 500])
            running.write(bars[part * 100 : (part + 1) * 100])
            if part == 12:
                running.kill("streams-1")
                running.start_again("streams-1")
        running.until_folded()

        assert expected == running.fingerprints()

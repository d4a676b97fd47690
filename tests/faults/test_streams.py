"""Workers that are killed, frozen, joined and sent away: what read_committed shows is what an undisturbed run shows, byte for byte."""

import os
import random
import signal
import time

import pytest

from schemas.topics import BARS, FEATURES, RECOMMENDATIONS
from tests.faults.platform import EXIT_FENCED, Platform, platform
from tests.faults.world import side_messages, tick_messages, train_model

pytestmark = [pytest.mark.stack, pytest.mark.faults]

TICKS = 40_000
SEED = int(os.environ.get("FAULT_SEED", "20130903"))
FAST_SESSIONS = {"AUTOTRADER_STREAMS__SESSION_TIMEOUT_S": "6", "AUTOTRADER_STREAMS__HEARTBEAT_INTERVAL_S": "1"}


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, tuple[int, str]]:
    with platform() as quiet:
        prepare(quiet)
        quiet.streams()
        quiet.until_done()
        expected = quiet.fingerprints()
    assert expected[BARS][0] > 1_000
    assert expected[FEATURES][0] > 1_000
    assert expected[RECOMMENDATIONS][0] > 1_000
    return expected


def prepare(running: Platform, *, ticks: bool = True) -> None:
    train_model(running.settings.models_folder)
    running.set(**FAST_SESSIONS)
    running.write(side_messages())
    if ticks:
        running.write(tick_messages(TICKS))


def kill_again_and_again(running: Platform, kills: int, rnd: random.Random) -> int:
    """Kill the worker at random moments after it has made progress; return how often a transaction was open then."""
    open_then = 0
    for _ in range(kills):
        before = running.folded()
        while running.folded() == before and not running.is_done():
            time.sleep(0.05)
        time.sleep(rnd.uniform(0.0, 0.5))
        wait_until = time.monotonic() + 3.0
        while time.monotonic() < wait_until and not running.has_open_transaction():
            pass
        running.kill("streams-1")
        open_then += running.has_open_transaction()
        running.streams()
    return open_then


def test_kill_minus_nine_at_random_moments_changes_no_byte(undisturbed: dict[str, tuple[int, str]]) -> None:
    print(f"seed {SEED}")
    with platform() as running:
        prepare(running)
        running.set(AUTOTRADER_STREAMS__COMMIT_INTERVAL_S="0.05")
        running.streams()
        open_then = kill_again_and_again(running, 3, random.Random(SEED))
        running.until_done()
        print(f"3 kills, {open_then} with an open transaction")

        assert undisturbed == running.fingerprints()


def test_workers_that_join_leave_and_return_under_load_change_no_byte(undisturbed: dict[str, tuple[int, str]]) -> None:
    with platform() as running:
        prepare(running, ticks=False)
        running.streams("streams-1")
        running.streams("streams-2")
        messages = list(tick_messages(TICKS))
        running.write(messages[:15_000])
        running.streams("streams-3")
        running.write(messages[15_000:25_000])
        running.children["streams-1"].terminate()
        running.children["streams-1"].wait(20)
        running.write(messages[25_000:])
        running.streams("streams-1")
        running.until_done()

        assert undisturbed == running.fingerprints()


def test_a_worker_frozen_past_its_session_and_thawed_changes_no_byte(undisturbed: dict[str, tuple[int, str]]) -> None:
    with platform() as running:
        prepare(running)
        frozen = running.streams("streams-1")
        running.streams("streams-2")
        while not any(running.folded().values()):
            time.sleep(0.1)
        frozen.send_signal(signal.SIGSTOP)
        time.sleep(9)
        frozen.send_signal(signal.SIGCONT)
        running.until_done()

        assert undisturbed == running.fingerprints()
        assert running.children["streams-1"].poll() in (None, EXIT_FENCED)


def test_two_workers_and_another_pace_give_the_same_bytes(undisturbed: dict[str, tuple[int, str]]) -> None:
    with platform() as running:
        prepare(running, ticks=False)
        running.streams("streams-1")
        running.streams("streams-2")
        messages = list(tick_messages(TICKS))
        for start in range(0, TICKS, 4_000):
            running.write(messages[start : start + 4_000])
            time.sleep(0.3)
        running.until_done()

        assert undisturbed == running.fingerprints()

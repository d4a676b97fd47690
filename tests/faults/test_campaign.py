"""The long campaign: ingest, streams and projections killed again and again; topics and tables are those of an undisturbed run."""

import os
import random
import signal
from collections import Counter
from pathlib import Path

import pytest

from schemas.topics import TICKS
from tests.faults.conftest import Opening
from tests.faults.killing import kill_within_a_transaction, until_it_works
from tests.faults.platform import Feed, Platform
from tests.faults.world import side_messages, tick_messages

pytestmark = [pytest.mark.stack, pytest.mark.faults, pytest.mark.campaign, pytest.mark.timeout(1_500)]

SEED = int(os.environ.get("FAULT_SEED", "20130905"))
TOLD = 120_000
RECORDED = 300_000
KILLS = {"streams-1": 20, "projections": 5, "ingest": 5}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trades of symbols that nobody else tells of."""
    lines = [f"{1_378_000_800_000 + row * 10},{100 + row // 10_000},{row % 7 + 1},X{row % 6:02d}" for row in range(RECORDED)]
    path = tmp_path_factory.mktemp("recording") / "trades.csv"
    path.write_text("\n".join(["event_time,price,size,symbol", *lines]) + "\n", encoding="utf-8")
    return path


def start_ingest(running: Platform, recording: Path) -> None:
    options = ("--kind", "ticks", "--source", "recorded", "--time-format", "epoch-ms", "--json")
    running.start("ingest", "ingest", str(recording), *options)


def kill_ingest(running: Platform, recording: Path, feed: Feed, moments: random.Random) -> tuple[bool, bool]:
    """Start the ingest again, and kill it when it writes; return whether it was killed, and within a transaction."""
    start_ingest(running, recording)
    running.until(lambda: running.has_open_transaction(TICKS) or running.children["ingest"].poll() is not None)
    left_open = kill_within_a_transaction(running, "ingest", feed, moments, TICKS)
    return running.children["ingest"].returncode == -signal.SIGKILL, left_open


def disturb(running: Platform, recording: Path, feed: Feed, moments: random.Random) -> tuple[Counter[str], int]:
    """Kill everything in random order; return how often what was killed, and how many transactions were left open."""
    killed: Counter[str] = Counter()
    left_open = 0
    victims = [name for name, count in KILLS.items() for _ in range(count)]
    moments.shuffle(victims)
    for victim in victims:
        if victim == "ingest":
            was_killed, was_open = kill_ingest(running, recording, feed, moments)
            killed[victim] += was_killed
            left_open += was_open
            continue
        until_it_works(running, feed)
        was_open = kill_within_a_transaction(running, victim, feed, moments)
        left_open += was_open and victim == "streams-1"
        killed[victim] += 1
        running.start_again(victim)
    return killed, left_open


def test_thirty_kills_change_no_byte_and_no_row(open_platform: Opening, recording: Path) -> None:
    with open_platform() as quiet:
        quiet.write([*side_messages(), *tick_messages(TOLD)])
        start_ingest(quiet, recording)
        assert quiet.children["ingest"].wait(120) == 0, quiet.log("ingest")
        quiet.streams()
        quiet.projections()
        quiet.until_projected()
        topics, tables = quiet.fingerprints(), quiet.tables()
    with open_platform() as running:
        running.write(side_messages())
        feed = running.feed(tick_messages(TOLD))
        running.streams()
        running.projections()
        killed, left_open = disturb(running, recording, feed, random.Random(SEED))
        feed.all()
        start_ingest(running, recording)
        assert running.children["ingest"].wait(120) == 0, running.log("ingest")
        running.until_projected()
        print(f"seed {SEED}: killed {dict(killed)}, {left_open} transactions left open; {topics} {tables}")

        assert topics == running.fingerprints()
        assert tables == running.tables()
        assert running.dead_letters() == []
    assert killed.total() >= 20
    assert min(killed.values()) >= 1
    assert left_open >= 15

"""kill -9 of an ingest at random moments, repeated until it is done: the topic has to be that of one undisturbed run."""

import random
import subprocess
import time

import pytest
from confluent_kafka import TopicPartition

from schemas.topics import TICKS
from tests.integration.ingest.command import Command, write_lines
from tests.integration.ingest.topic import consumer, open_transactions, told

pytestmark = [pytest.mark.stack, pytest.mark.faults]

ROWS = 400_000
SYMBOLS = ("ES", "NQ", "YM", "RTY", "CL", "GC")


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Trades of which most look like another one, some out of the order of time, some bad."""
    made_up = random.Random(4)
    lines = ["event_time,price,size,symbol"]
    for n in range(ROWS):
        at = 1_378_036_800_000 + n * 5 - made_up.choice((0, 0, 0, 2_500))
        price = "nan" if n % 9_973 == 0 else f"{1600 + n // 5_000}"
        lines.append(f"{at},{price},1,{SYMBOLS[n * 7 // 11 % len(SYMBOLS)]}")
    return write_lines(tmp_path_factory.mktemp("recording") / "trades.csv", lines)


def arguments(recording, source):
    return ("ingest", str(recording), "--kind", "ticks", "--source", source, "--time-format", "epoch-ms", "--json")


def ends(kafka):
    reader = consumer(kafka, committed=False)
    try:
        return sum(reader.get_watermark_offsets(TopicPartition(TICKS, p), timeout=10)[1] for p in range(4))
    finally:
        reader.close()


def kill_when_writing(command: Command, process: subprocess.Popen[bytes], moments: random.Random) -> bool:
    """Kill the process a moment after it began to write; return whether a transaction was open."""
    before, deadline = ends(command.kafka), time.monotonic() + 60
    while ends(command.kafka) == before and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(moments.uniform(0.0, 0.25))
    process.kill()
    process.communicate()
    return open_transactions(command.kafka, TICKS)


def finish_after_kills(command: Command, recording, source, kills: int, moments: random.Random) -> tuple[int, int]:
    """Kill the ingest some times, then let it end; return how often it was killed, and how often within a transaction."""
    killed, within = 0, 0
    for _ in range(kills):
        process = command.start(*arguments(recording, source))
        within += kill_when_writing(command, process, moments)
        killed += process.returncode == -9
    ran = command.run(*arguments(recording, source))

    assert ran.code in (0, 3), ran.err
    return killed, within


@pytest.mark.parametrize(
    "seed", [20_130_901, pytest.param(7, marks=pytest.mark.campaign), pytest.param(8, marks=pytest.mark.campaign)]
)
@pytest.mark.timeout(600)
def test_killed_again_and_again_it_writes_what_an_undisturbed_run_writes(command, namespace, recording, seed, record_property):
    kills = 6
    undisturbed = command.run(*arguments(recording, f"{namespace}-a"))
    killed, within = finish_after_kills(command, recording, f"{namespace}-b", kills, random.Random(seed))
    record_property("killed", killed)
    record_property("within_a_transaction", within)
    expected = told(command.kafka, TICKS, f"{namespace}-a")

    assert undisturbed.code == 3
    assert undisturbed.result["written"] + undisturbed.result["refused"] == ROWS
    assert expected == told(command.kafka, TICKS, f"{namespace}-b")
    assert expected[0] > ROWS
    assert killed >= 2, f"seed {seed}: killed {killed}, {within} of them within a transaction"

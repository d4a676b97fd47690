"""kill -9 of an ingest at random moments, repeated until it is done: the topic has to be that of one undisturbed run."""

import random
import subprocess
import time

import pytest
from confluent_kafka import Consumer

from schemas.events.market import Tick
from schemas.topics import TICKS
from streams.exports.reading import watermarks
from tests.integration.ingest.command import Command, write_lines
from tests.integration.ingest.topic import consumer, events_of, open_transactions, told

pytestmark = [pytest.mark.stack, pytest.mark.faults]

ROWS = 200_000
SYMBOLS = ("ES", "NQ", "YM", "RTY", "CL", "GC")


@pytest.fixture(scope="module")
def command(stack, tmp_path_factory):
    command = Command(stack, tmp_path_factory.mktemp("command"))
    assert command.run("topics", "create", "--json").code == 0
    return command


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


def ends(reader: Consumer) -> int:
    return sum(watermarks(reader, TICKS, partition)[1] for partition in range(4))


def wait_until_begun(command: Command, process: subprocess.Popen[bytes]) -> None:
    """Return when something is written to the ticks, or the process has ended."""
    reader, deadline = consumer(command.kafka, committed=False), time.monotonic() + 60
    try:
        before = ends(reader)
        while ends(reader) == before and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
    finally:
        reader.close()


def kill_when_writing(command: Command, process: subprocess.Popen[bytes], moments: random.Random) -> bool:
    """Kill the process a moment after it began to write; return whether a transaction was open."""
    wait_until_begun(command, process)
    time.sleep(moments.uniform(0.0, 0.25))
    process.kill()
    process.communicate()
    return open_transactions(command.kafka, TICKS)


def finish_after_kills(command: Command, recording, source, kills, moments: random.Random) -> tuple[int, int]:
    """Kill the ingest some times, then let it end; return how often it was killed, and how often within a transaction."""
    killed, within = 0, 0
    for _ in range(kills):
        process = command.start(*arguments(recording, source))
        within += kill_when_writing(command, process, moments)
        killed += process.returncode == -9
    ran = command.run(*arguments(recording, source))

    assert ran.code in (0, 3), ran.err
    return killed, within


SEEDS = [(20_130_901, 4), *(pytest.param(seed, 20, marks=pytest.mark.campaign) for seed in (7, 8))]


@pytest.mark.parametrize(("seed", "kills"), SEEDS)
@pytest.mark.timeout(900)
def test_killed_again_and_again_it_writes_what_an_undisturbed_run_writes(command, namespace, recording, seed, kills):
    sources = f"{namespace}-a", f"{namespace}-b"
    undisturbed = command.run(*arguments(recording, sources[0]))
    killed, within = finish_after_kills(command, recording, sources[1], kills, random.Random(seed))
    print(f"seed {seed}: killed {killed} times, {within} times within a transaction")
    expected, found = told(command.kafka, TICKS, sources)

    assert undisturbed.code == 3
    assert undisturbed.result["written"] + undisturbed.result["refused"] == ROWS
    assert expected == found, f"seed {seed}, {killed} kills, {within} within a transaction"
    assert expected[0] > ROWS
    assert killed >= 2


def small(tmp_path, seconds):
    """Write trades of some seconds, a hundred a second."""
    lines = [
        "event_time,price,size,symbol",
        *(f"{1_378_036_800_000 + n * 10},{1 + n % 9},1,{SYMBOLS[n % 6]}" for n in range(seconds * 100)),
    ]
    return write_lines(tmp_path / "trades.csv", lines)


def sequences(command, source):
    found = [event for _, event in events_of(command.kafka, TICKS, source) if isinstance(event, Tick)]
    return sorted(tick.sequence for tick in found)


def test_a_second_ingest_of_the_same_file_takes_over_and_the_first_one_ends(command, namespace, tmp_path):
    recording = small(tmp_path, 60)
    first = command.start(*arguments(recording, namespace), "--speed", "5")
    wait_until_begun(command, first)
    second = command.run(*arguments(recording, namespace))
    _, err = first.communicate(timeout=60)

    assert second.code == 0
    assert (first.returncode, "another ingest of the same file has begun since" in " ".join(err.decode().split())) == (1, True)
    assert sequences(command, namespace) == list(range(6_000))


def test_a_broker_that_is_killed_and_comes_back_is_waited_for(command, stack, namespace, tmp_path):
    recording = small(tmp_path, 60)
    process = command.start(*arguments(recording, namespace), "--speed", "8")
    wait_until_begun(command, process)
    try:
        stack.kill("kafka")
        time.sleep(1.0)
    finally:
        stack.start("kafka")
    out, err = process.communicate(timeout=120)
    ended = command.run_result(process.returncode, out, err)

    assert ended.code == 0, ended.err
    assert ended.result["finished"]
    assert sequences(command, namespace) == list(range(6_000))

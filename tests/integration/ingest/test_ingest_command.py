"""``autotrader ingest`` against a real broker, as its users run it."""

import signal
import time

import pytest

from schemas.events.market import BarClosed, ClockAdvanced, CorporateAction, NewsPublished, SocialPostPublished, Tick
from schemas.topics import ACTIONS, BARS, NEWS, SOCIAL, TICKS
from tests.integration.ingest.command import Command, write_lines
from tests.integration.ingest.topic import events_of

pytestmark = pytest.mark.stack

HEADER = "DateTime,Price,Volume"


def ticks_file(folder, count, every_ms=100):
    lines = [
        f"2013-09-01 12:{n * every_ms // 60_000:02}:{n * every_ms / 1000 % 60:06.3f},{100 + n % 7},{n % 3}" for n in range(count)
    ]
    return write_lines(folder / "ticks.csv", [HEADER, *lines])


def ingest_ticks(command: Command, path, source, *more):
    return command.run(
        "ingest", str(path), "--kind", "ticks", "--source", source, "--symbol", "ES", "--timezone", "UTC", "--json", *more
    )


def test_good_rows_go_in_bad_ones_are_reported_and_the_code_is_3(command, namespace, tmp_path):
    path = write_lines(
        tmp_path / "t.csv", [HEADER, "2013-09-01 12:00:00,1.5,2", "2013-09-01 12:00:01,nan,2", "x,1,1", "2013-09-01 12:00:02,2,0"]
    )
    ran = ingest_ticks(command, path, namespace)

    assert ran.code == 3
    assert (ran.result["written"], ran.result["refused"], ran.result["finished"]) == (2, 2, True)
    assert [(row["line"], row["column"]) for row in ran.result["bad_rows"]] == [(3, "price"), (4, "event_time")]

    ticks = [event for _, event in events_of(command.kafka, TICKS, namespace) if isinstance(event, Tick)]

    assert [(tick.price, tick.size, tick.sequence) for tick in ticks] == [(1.5, 2.0, 0), (2.0, 0.0, 3)]


def test_a_table_of_bad_rows_is_shown_to_people(command, namespace, tmp_path):
    path = write_lines(tmp_path / "t.csv", [HEADER, "2013-09-01 12:00:00,1.5,2", "2013-09-01 12:00:00,-1,2"])
    ran = command.run("ingest", str(path), "--kind", "ticks", "--source", namespace, "--symbol", "ES")

    assert (ran.code, ran.out) == (3, "")
    assert "all times are without a zone: give it with --timezone" in ran.err


def test_a_file_that_was_ingested_is_not_ingested_again(command, namespace, tmp_path):
    path = ticks_file(tmp_path, 100)
    first, again = ingest_ticks(command, path, namespace), ingest_ticks(command, path, namespace)

    assert (first.code, first.result["written"]) == (0, 100)
    assert (again.code, again.result["written"], again.result["already_ingested"]) == (0, 0, True)
    assert len([event for _, event in events_of(command.kafka, TICKS, namespace) if isinstance(event, Tick)]) == 100


def test_told_to_stop_it_ends_cleanly_and_repeated_goes_on(command, namespace, tmp_path):
    path = ticks_file(tmp_path, 600)
    process = command.start(
        *("ingest", str(path), "--kind", "ticks", "--source", namespace, "--symbol", "ES", "--timezone", "UTC"),
        "--speed",
        "10",
        "--json",
    )
    deadline = time.monotonic() + 30
    while not events_of(command.kafka, TICKS, namespace) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    stopped = command.run_result(process.returncode, out, err)

    assert stopped.code == 3
    assert 0 < stopped.result["written"] < 600
    assert stopped.result["interrupted"]

    rest = ingest_ticks(command, path, namespace)
    ticks = [event for _, event in events_of(command.kafka, TICKS, namespace) if isinstance(event, Tick)]

    assert rest.result["written"] == 600 - stopped.result["written"]
    assert [tick.sequence for tick in ticks] == list(range(600))


def test_paced_it_takes_the_time_that_it_took(command, namespace, tmp_path):
    path = ticks_file(tmp_path, 100)  # 9.9 s of event time
    ran = ingest_ticks(command, path, namespace, "--speed", "10")

    assert ran.result["finished"]
    assert 0.9 <= ran.result["seconds"] < 20


CASES = [
    (
        "bars",
        BARS,
        BarClosed,
        "date,open,high,low,close,volume,symbol\n2009-01-05,1,2,1,2,10,IBM\n2009-01-06,1,2,1,2,10,IBM\n",
        2,
        False,
    ),
    ("actions", ACTIONS, CorporateAction, "date,type,ratio,symbol\n2005-02-28,split,2:1,AAPL\n", 1, True),
    ("news", NEWS, NewsPublished, "published,title,tickers\n2009-01-05T12:00:00Z,Profit up,IBM MSFT\n", 2, True),
    ("social", SOCIAL, SocialPostPublished, "created_at,text,ticker\n2009-01-05T12:00:00Z,great,IBM\n", 1, True),
]


@pytest.mark.parametrize(("kind", "topic", "event", "content", "count", "has_clock"), CASES, ids=[case[0] for case in CASES])
def test_every_other_kind_goes_to_its_topic_and_ends_with_a_clock(
    command, namespace, tmp_path, kind, topic, event, content, count, has_clock
):
    (tmp_path / "f.csv").write_text(content)
    ran = command.run("ingest", str(tmp_path / "f.csv"), "--kind", kind, "--source", namespace, "--json")
    found = events_of(command.kafka, topic, namespace)

    assert ran.code == 0
    assert sum(isinstance(one, event) for _, one in found) == count
    assert {p for p, one in found if isinstance(one, ClockAdvanced) and one.reason == "ended"} == (
        set(range(4)) if has_clock else set()
    )


def test_until_says_how_far_a_source_has_told_even_with_nothing_to_tell(command, namespace, tmp_path):
    path = write_lines(tmp_path / "none.csv", ["date,type,ratio,symbol"])
    ran = command.run("ingest", str(path), "--kind", "actions", "--source", namespace, "--until", "2020-01-01T00:00:00Z", "--json")
    found = [event for _, event in events_of(command.kafka, ACTIONS, namespace)]

    assert (ran.code, len(found)) == (0, 4)
    assert {event.at for event in found} == {1_577_836_800_000_000}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--kind", "quotes", "--source", "s"], 2, "expected --kind ticks, bars, actions, news, social, found quotes"),
        (["--kind", "ticks", "--source", "s", "--speed", "0"], 2, "expected --speed max or a number above 0, found 0"),
        (["--kind", "ticks", "--source", "s", "--format", "xml"], 2, "expected --format csv, jsonl or parquet, found xml"),
        (["--kind", "ticks", "--source", "s", "--until", "2020"], 2, "Invalid isoformat string"),
        (["--kind", "bars", "--source", "s"], 2, "expected a column open"),
        (["--kind", "ticks"], 2, "Missing option '--source'"),
    ],
)
def test_what_cannot_be_meant_ends_with_2_and_one_clear_line(command, tmp_path, arguments, code, message):
    ran = command.run("ingest", str(ticks_file(tmp_path, 1)), *arguments)

    assert ran.code == code
    assert message in ran.err
    assert "Traceback" not in ran.err


def test_without_a_broker_it_ends_with_1_and_says_so(command, tmp_path):
    process = command.start(
        *("ingest", str(ticks_file(tmp_path, 1)), "--kind", "ticks", "--source", "s", "--symbol", "ES", "--timezone", "UTC"),
        kafka="127.0.0.1:1",
    )
    _, err = process.communicate(timeout=120)

    assert process.returncode == 1
    assert "expected Kafka to answer" in err.decode()
    assert len(err.decode().strip().splitlines()) <= 2

import csv
import io
import json

import pyarrow.parquet as pq
import pytest
from confluent_kafka import Producer

from schemas.headers import cloud_event_headers
from schemas.partitioner import partition_of
from schemas.samples import samples
from schemas.topics import FEATURES, RECOMMENDATIONS, TICKS, TOPICS
from schemas.values import iso
from streams.exports.export import KINDS, Choice, Export, export_columns
from streams.exports.writers import WRITERS
from tests.builders import T0, codec, tick
from tests.integration.ingest.command import Command, write_lines
from tests.integration.ingest.topic import Clients

pytestmark = pytest.mark.stack


def produce(command: Command, topic: str, events) -> None:
    producer = Producer({"bootstrap.servers": command.kafka})
    for event in events:
        producer.produce(
            topic, codec().encode(event), event.key(), partition=partition_of(event.key(), 4), headers=cloud_event_headers(event)
        )
    producer.flush(30)


def ingested(command, folder, source, symbol, count=50):
    lines = ["time,price,size", *(f"2013-09-01T12:00:{n % 60:02}Z,{n + 1},{n}" for n in range(count))]
    path = write_lines(folder / f"{source}.csv", lines)
    ran = command.run("ingest", str(path), "--kind", "ticks", "--source", source, "--symbol", symbol, "--json")
    assert ran.code == 0


def symbol_of(namespace):
    return namespace.upper()[:16]


def test_what_was_ingested_comes_out_again_in_every_format(command, namespace, tmp_path):
    symbol = symbol_of(namespace)
    ingested(command, tmp_path, namespace, symbol)
    found = {}
    for form in ("csv", "jsonl", "parquet"):
        output = tmp_path / f"out.{form}"
        ran = command.run("export", "ticks", "--symbol", symbol, "--format", form, "--output", str(output), "--json")

        assert (ran.code, ran.result["rows"]) == (0, 50)

        found[form] = output.read_bytes()
    rows = list(csv.DictReader(io.StringIO(found["csv"].decode())))
    objects = [json.loads(line) for line in found["jsonl"].splitlines()]
    table = pq.read_table(io.BytesIO(found["parquet"])).to_pylist()

    assert [float(row["price"]) for row in rows] == [n + 1.0 for n in range(50)] == [one["price"] for one in objects]
    assert [one["price"] for one in table] == [one["price"] for one in objects]
    assert [row["sequence"] for row in rows] == [str(n) for n in range(50)]
    assert not list(tmp_path.glob("*.unfinished"))


def test_an_export_can_be_ingested_again(command, namespace, tmp_path):
    ingested(command, tmp_path, namespace, symbol_of(namespace))
    output = tmp_path / "again.parquet"
    command.run("export", "ticks", "--symbol", symbol_of(namespace), "--format", "parquet", "--output", str(output))
    ran = command.run("ingest", str(output), "--kind", "ticks", "--source", f"{namespace}-again", "--json")

    assert (ran.code, ran.result["written"]) == (0, 50)


def test_times_choose_from_one_and_before_the_other(command, namespace, tmp_path):
    ingested(command, tmp_path, namespace, symbol_of(namespace))
    span = ("--from", "2013-09-01T12:00:10Z", "--to", "2013-09-01T12:00:20Z")
    ran = command.run("export", "ticks", "--symbol", symbol_of(namespace), "--format", "jsonl", *span)

    assert [json.loads(line)["price"] for line in ran.out.splitlines()] == [n + 1.0 for n in range(10, 20)]


def test_features_and_recommendations_are_flat(command, namespace):
    symbol = symbol_of(namespace)
    events = {
        event.TYPE: event.model_copy(update={"symbol": symbol})
        for event in samples()
        if hasattr(event, "features_id") or hasattr(event, "bars_seen")
    }
    produce(command, FEATURES, [events["signals.features"]])
    produce(command, RECOMMENDATIONS, [events["recommendations.made"]])
    features = json.loads(command.run("export", "features", "--symbol", symbol, "--format", "jsonl").out)
    made = json.loads(command.run("export", "recommendations", "--symbol", symbol, "--format", "jsonl").out)

    assert features["raw_rsi_14"] == events["signals.features"].raw.rsi_14
    assert made["action"] == events["recommendations.made"].action
    assert made["technical_score"] == events["recommendations.made"].families[0].score
    assert made["decided_at"] == iso(events["recommendations.made"].decided_at)


def test_interval_and_kind_choose_among_bars(command, namespace, tmp_path):
    symbol = symbol_of(namespace)
    path = write_lines(tmp_path / "bars.csv", ["date,open,high,low,close,volume", "2009-01-05,1,2,1,2,10"])
    command.run("ingest", str(path), "--kind", "bars", "--source", namespace, "--symbol", symbol)
    rows = {i: command.run("export", "bars", "--symbol", symbol, "--interval", i).out.splitlines() for i in ("1d", "1m")}

    assert [len(rows[interval]) for interval in ("1d", "1m")] == [2, 1]


def test_what_is_no_event_is_counted_and_left_out(command, namespace):
    producer = Producer({"bootstrap.servers": command.kafka})
    key = symbol_of(namespace).encode()
    producer.produce(TICKS, b"\x00nonsense", key, partition=partition_of(key, 4))
    producer.flush(10)
    produce(command, TICKS, [tick(symbol=key.decode())])
    ran = command.run("export", "ticks", "--symbol", key.decode())

    assert len(ran.out.splitlines()) == 2
    assert "1 rows from market.ticks; 1 records are no events, see `autotrader dlq list`" in ran.err


def test_an_open_transaction_neither_shows_nor_stops_an_export(command, namespace):
    key = symbol_of(namespace).encode()
    produce(command, TICKS, [tick(symbol=key.decode(), event_time=T0)])
    producer = Producer({"bootstrap.servers": command.kafka, "transactional.id": namespace})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(TICKS, codec().encode(tick(symbol=key.decode())), key, partition=partition_of(key, 4))
    producer.flush(30)
    try:
        writer = WRITERS["jsonl"](io.BytesIO(), export_columns(KINDS["ticks"]))
        done = Export(KINDS["ticks"], Choice(symbol=key.decode()), codec()).run(Clients(command.kafka), 4, writer)
    finally:
        producer.abort_transaction(30)

    assert done.rows == 1


@pytest.mark.parametrize("topic", ["actions", "news", "social", "dead-letters"])
def test_every_kind_can_be_exported(command, topic):
    ran = command.run("export", topic, "--from", "2999-01-01T00:00:00Z")

    assert ran.code == 0
    assert ran.out.splitlines()[0].startswith("id,")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trades"], "expected one of ticks, bars"),
        (["ticks", "--format", "xml"], "expected --format csv, jsonl, parquet, found xml"),
        (["ticks", "--format", "parquet"], "expected --output with --format parquet"),
        (["ticks", "--json"], "expected --output with --json"),
        (["ticks", "--from", "yesterday"], "Invalid isoformat string"),
        (["ticks", "--interval", "1x"], "expected an interval such as 1s"),
    ],
)
def test_what_cannot_be_meant_ends_with_2(command, arguments, message):
    ran = command.run("export", *arguments)

    assert ran.code == 2
    assert message in ran.err


def test_topics_are_listed_with_what_they_hold(command):
    listed = {topic["name"]: topic for topic in command.run("topics", "list", "--json").result["topics"]}

    assert listed.keys() == TOPICS.keys()
    assert listed[TICKS]["exists"]
    assert listed[TICKS]["partitions"] == 4
    assert listed[TICKS]["events"] == ["market.tick", "market.clock"]

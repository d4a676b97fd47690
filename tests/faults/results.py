"""What a run left behind: committed records of topics and rows of read models, to be compared with those of another run."""

import hashlib
import json
from collections.abc import Iterable, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from autotrader.roles.stores import connect_postgres, open_analytics
from infra.settings import Settings

Fingerprint = tuple[int, str]
"""How many, and one hash over all of them in an order of their own."""

POSTGRES_TABLES = ("recommendations", "recommendation_explanations", "symbols")
CLICKHOUSE_TABLES = ("bars", "symbol_features")


class Tail:
    """The committed records of a topic, read once and then on from there."""

    def __init__(self, reader: Consumer, topic: str, partitions: int) -> None:
        self._reader = reader
        self._places = [TopicPartition(topic, partition, 0) for partition in range(partitions)]
        self._reached = dict.fromkeys(range(partitions), 0)
        self.records: list[tuple[int, bytes, bytes]] = []
        """Partition, key and value."""
        self.next_offsets = dict.fromkeys(range(partitions), 0)
        """Behind the last record; what follows in the log is markers of transactions."""
        reader.assign(self._places)

    def read(self) -> list[tuple[int, bytes, bytes]]:
        """Read up to what is committed now, and return what is new."""
        ends = {at.partition: self._reader.get_watermark_offsets(at, timeout=30)[1] for at in self._places}
        new: list[tuple[int, bytes, bytes]] = []
        while any(self._reached[partition] < end for partition, end in ends.items()):
            for message in self._reader.consume(10_000, 0.02):
                error, partition = message.error(), message.partition()
                if error is None:
                    new.append((partition, message.key() or b"", message.value() or b""))
                    self._reached[partition] = self.next_offsets[partition] = message.offset() + 1
                elif error.code() == KafkaError._PARTITION_EOF:
                    self._reached[partition] = message.offset()
                elif not error.retriable() and error.code() not in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT):
                    raise KafkaException(error)
        self.records += new
        return new

    def fingerprint(self) -> Fingerprint:
        """Return count and hash of keys and values read so far, in whatever order they came."""
        rows = sorted(key + b"|" + value for _, key, value in self.records)
        return len(rows), hashlib.sha256(b"\n".join(rows)).hexdigest()

    def close(self) -> None:
        """Let go of the consumer."""
        self._reader.close()


def table_fingerprints(settings: Settings) -> dict[str, Fingerprint]:
    """Return count and hash of the rows of every read model, all columns but the place in Kafka, which faults may shift."""
    found = {}
    with connect_postgres(settings.postgres, "test") as connection:
        for table in POSTGRES_TABLES:
            rows = connection.execute(f"SELECT to_jsonb(t)::text FROM read_v1.{table} t").fetchall()
            found[table] = _hashed(_without_place(row[0]) for row in rows)
    analytics = open_analytics(settings.clickhouse)
    try:
        for table in CLICKHOUSE_TABLES:
            query = "SELECT name FROM system.columns WHERE database = 'read_v1' AND table = {table:String} ORDER BY position"
            names = [name for name in analytics.query(query, {"table": table})["name"] if not name.startswith("kafka_")]
            assert len(names) > 10
            columns = ", ".join(f"toString({name}) AS c{number}" for number, name in enumerate(names))
            rows = analytics.query(f"SELECT {columns} FROM read_v1.{table} FINAL")
            found[table] = _hashed("|".join(values) for values in zip(*rows.values(), strict=True))
    finally:
        analytics.close()
    return found


def _without_place(row: str) -> str:
    fields = json.loads(row)
    return json.dumps({name: value for name, value in fields.items() if not name.startswith("kafka_")}, sort_keys=True)


def _hashed(rows: Iterable[str]) -> Fingerprint:
    ordered: Sequence[str] = sorted(rows)
    return len(ordered), hashlib.sha256("\n".join(ordered).encode()).hexdigest()

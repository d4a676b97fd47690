"""A topic, two stores and runners over them, all real; names that no other test has."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from infra.clients.clickhouse_embedded import EmbeddedAnalytics
from infra.local.stack import EmbeddedStack
from projections.dead_letters import KafkaDeadLetters
from projections.migrate import migrate_clickhouse, migrate_postgres
from projections.patience import RunnerSettings
from projections.ports import Ambient, StoreRejected, StoreUnavailable
from projections.runner import Runner, Sink
from projections.versions import Projection
from schemas.codec import Codec
from schemas.events.base import Event
from schemas.events.operations import DeadLetter
from schemas.headers import cloud_event_headers
from tests.builders import codec

PARTITIONS = 3
PATIENCE_S = 60.0


@dataclass
class Watcher:
    """Counts what runners report."""

    stored: int = 0
    bad: int = 0
    retries: int = 0
    fences: int = 0
    records_behind: dict[int, int] = field(default_factory=dict)

    def wrote(self, _projection: str, records: int, bad: int, _seconds: float) -> None:
        self.stored += records
        self.bad += bad

    def behind(self, _projection: str, _topic: str, partition: int, records: int, _seconds: float) -> None:
        self.records_behind[partition] = records

    def retrying(self, _projection: str, _attempt: int, _delay_s: float, _error: Exception) -> None:
        self.retries += 1

    def fenced(self, _projection: str, _error: Exception) -> None:
        self.fences += 1


class World:
    """What the tests of the runners stand on."""

    def __init__(self, stack: EmbeddedStack, namespace: str) -> None:
        endpoints = stack.endpoints()
        self.namespace = namespace
        self.topic = f"{namespace}.events"
        self.letters_topic = f"{namespace}.dead-letters"
        self.codec: Codec = codec()
        self.watcher = Watcher()
        self._errors: list[BaseException] = []
        self._kafka = endpoints.kafka
        self._dsn = endpoints.postgres_dsn
        self.analytics = EmbeddedAnalytics(
            endpoints.clickhouse_socket, unavailable=StoreUnavailable, rejected=StoreRejected, database="default"
        )
        self._admin = AdminClient({"bootstrap.servers": self._kafka})
        self._letters_producer = Producer(
            {"bootstrap.servers": self._kafka, "log_level": 0, "acks": "all", "enable.idempotence": True}
        )
        topics = [NewTopic(name, PARTITIONS, 1) for name in (self.topic, self.letters_topic)]
        for future in self._admin.create_topics(topics).values():
            future.result()

    def projection(self, version: int = 1) -> Projection:
        """The projection under test, its tables made."""
        projection = Projection(self.namespace, self.topic, version, self.namespace)
        with self.connect() as connection:
            migrate_postgres(connection, projection.schema)
            migrate_clickhouse(self.analytics, connection, projection.schema)
        return projection

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._dsn, autocommit=True)

    async def connect_async(self) -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(self._dsn, autocommit=True)

    def produce(self, events: Iterable[Event | bytes], *, commit: bool = True, partition: int | None = None) -> None:
        """Write records in one transaction; bytes as they are."""
        producer = Producer(
            {"bootstrap.servers": self._kafka, "log_level": 0, "partitioner": "murmur2_random", "transactional.id": self.namespace}
        )
        producer.init_transactions()
        producer.begin_transaction()
        where: dict[str, Any] = {} if partition is None else {"partition": partition}
        for event in events:
            if isinstance(event, bytes):
                producer.produce(self.topic, key=b"bad", value=event, **where)
            else:
                headers: Any = cloud_event_headers(event)
                producer.produce(self.topic, key=event.key(), value=self.codec.encode(event), headers=headers, **where)
        if commit:
            producer.commit_transaction()
        else:
            producer.flush()
            producer.abort_transaction()

    def open_consumer(self, settings: Mapping[str, Any]) -> Any:
        return Consumer({"bootstrap.servers": self._kafka, "log_level": 0, "session.timeout.ms": 6_000, **settings})

    def runner(self, sink: Sink[Any], settings: RunnerSettings | None = None) -> Runner[Any]:
        letters = KafkaDeadLetters(self._letters_producer, self.codec, topic=self.letters_topic)  # type: ignore[arg-type]
        ambient = Ambient(time.time, time.monotonic, lambda: 0.5)
        settings = settings or RunnerSettings(records_max=40, wait_s=0.05, report_s=0.2)
        return Runner(sink, self.open_consumer, letters, self.watcher, ambient, settings)

    @contextmanager
    def running(self, *runners: Runner[Any]) -> Iterator[None]:
        """Let runners run meanwhile; what ended one of them is raised, as soon as ``until`` looks."""
        stop = threading.Event()
        errors = self._errors = []
        threads = [threading.Thread(target=_run, args=(runner, stop, errors), daemon=True) for runner in runners]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join(PATIENCE_S)
        if errors:
            raise errors[0]

    def until(self, holds: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not holds():
            if self._errors:
                raise self._errors.pop()
            assert time.monotonic() < end, f"expected within {PATIENCE_S} s: {what}"
            time.sleep(0.05)

    def ends(self) -> dict[int, int]:
        """Behind the last record of each partition, as offsets in the store count: transactions' markers left out."""
        consumer = self.open_consumer({"group.id": "ends", "enable.partition.eof": True, "isolation.level": "read_committed"})
        consumer.assign([TopicPartition(self.topic, partition, 0) for partition in range(PARTITIONS)])
        ends, open_partitions = dict.fromkeys(range(PARTITIONS), 0), set(range(PARTITIONS))
        while open_partitions:
            for message in consumer.consume(1000, 1.0):
                if message.error() is None:
                    ends[message.partition()] = message.offset() + 1
                else:
                    open_partitions.discard(message.partition())
        consumer.close()
        return ends

    def stands(self, projection: Projection) -> dict[int, int]:
        """Where a projection stands by partition."""
        with self.connect() as connection:
            text = "SELECT partition, next_offset FROM projections.projection_offsets WHERE projection = %s AND version = %s"
            return dict(connection.execute(text, (projection.name, projection.version)).fetchall())

    def run_to_end(self, projection: Projection, sink: Sink[Any], settings: RunnerSettings | None = None) -> None:
        """Run until everything that is in the topic now is stored."""
        ends = self.ends()
        with self.running(self.runner(sink, settings)):
            self.until(lambda: self.stands(projection) == ends, f"{projection} at {ends}")

    def dead_letters(self) -> list[DeadLetter]:
        """All dead letters, by place."""
        consumer = self.open_consumer({"group.id": "letters", "enable.partition.eof": True})
        consumer.assign([TopicPartition(self.letters_topic, partition, 0) for partition in range(PARTITIONS)])
        letters, ended = [], 0
        while ended < PARTITIONS:
            for message in consumer.consume(1000, 1.0):
                if message.error() is None:
                    letters.append(self.codec.decode(message.value()))
                else:
                    ended += 1
        consumer.close()
        return sorted((letter for letter in letters if isinstance(letter, DeadLetter)), key=lambda one: (one.partition, one.offset))

    def rows(self, text: str, arguments: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(text, arguments).fetchall()

    def close(self) -> None:
        """Drop what was made."""
        self.analytics.execute(f"DROP DATABASE IF EXISTS {self.namespace}_v1")
        self.analytics.execute(f"DROP DATABASE IF EXISTS {self.namespace}_v2")
        self.analytics.close()
        with self.connect() as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {self.namespace}_v1, {self.namespace}_v2 CASCADE")
        self._admin.delete_topics([self.topic, self.letters_topic])


def _run(runner: Runner[Any], stop: threading.Event, errors: list[BaseException]) -> None:
    try:
        runner.run(stop)
    except BaseException as error:  # noqa: BLE001  (told to the test)
        errors.append(error)

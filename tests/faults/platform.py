"""The product as a user runs it, for tests that break it: roles as child processes over topics and tables of their own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from autotrader.roles.stores import connect_postgres, open_analytics
from infra.clients import kafka
from infra.local.stack import EmbeddedStack
from infra.settings import Settings, with_endpoints
from schemas.topics import ACTIONS, BARS, CHECKPOINTS, DEAD_LETTERS, FEATURES, NEWS, RECOMMENDATIONS, SOCIAL, TICKS, TOPICS
from tests.builders import codec
from tests.faults.results import Fingerprint, Tail, table_fingerprints
from tests.faults.world import PARTITIONS, Message

AGENT_INPUTS = {"bars": (TICKS,), "features": (BARS, ACTIONS, NEWS, SOCIAL), "recommendations": (FEATURES,)}
DERIVED = (BARS, FEATURES, RECOMMENDATIONS)
READ_MODELS = 4
EXIT_FAILED = 1
EXIT_FENCED = 3

Place = tuple[str, int, int]
"""Topic, partition, offset."""


class Platform:
    """A log without records, stores without rows, and the roles that the test starts over them."""

    def __init__(self, stack: EmbeddedStack, models: Path) -> None:
        self.stack = stack
        self.folder = Path(tempfile.mkdtemp(prefix="autotrader-faults-"))
        endpoints = stack.endpoints()
        settings = with_endpoints(Settings(data_dir=self.folder), endpoints)
        self._server_dsn, self._database = endpoints.postgres_dsn, f"f{uuid.uuid4().hex[:12]}"
        dsn = make_conninfo(endpoints.postgres_dsn, dbname=self._database)
        in_silence = settings.kafka.model_copy(update={"options": {"log_level": "0"}})
        in_own_database = settings.postgres.model_copy(update={"dsn": SecretStr(dsn)})
        self.settings = settings.model_copy(update={"kafka": in_silence, "postgres": in_own_database})
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self._arguments: dict[str, tuple[str, ...]] = {}
        self._environment = {
            "AUTOTRADER_DATA_DIR": str(self.folder),
            "AUTOTRADER_KAFKA__BOOTSTRAP": endpoints.kafka,
            "AUTOTRADER_KAFKA__OPTIONS": '{"session.timeout.ms": "4000", "log_level": "3"}',
            "AUTOTRADER_POSTGRES__DSN": dsn,
            "AUTOTRADER_CLICKHOUSE__SOCKET": endpoints.clickhouse_socket,
            "AUTOTRADER_MODELS__FOLDER": str(models),
            "AUTOTRADER_STREAMS__SESSION_TIMEOUT_S": "4",
            "AUTOTRADER_STREAMS__HEARTBEAT_INTERVAL_S": "1",
        }
        self._tails: dict[str, Tail] = {}
        self._folded: dict[Place, int] = {}
        self._renew()
        self._levels = self._reader("read_committed"), self._reader("read_uncommitted")

    def _renew(self) -> None:
        """Make all topics anew, and tables of this platform's own."""
        admin = kafka.admin(self.settings.kafka, "test")
        _delete_topics(admin)
        kafka.create_topics(admin, TOPICS.values(), partitions=PARTITIONS, replication_factor=1)
        self._on_server(f"CREATE DATABASE {self._database}")
        self._drop_analytics()

    def _drop_analytics(self) -> None:
        analytics = open_analytics(self.settings.clickhouse)
        try:
            analytics.execute("DROP DATABASE IF EXISTS read_v1")
        finally:
            analytics.close()

    def _on_server(self, statement: str) -> None:
        with psycopg.connect(self._server_dsn, autocommit=True) as connection:
            connection.execute(statement)

    # -- roles --------------------------------------------------------------------------------------------------------

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start ``autotrader`` with arguments as a child of the test."""
        own = {key: value for key, value in os.environ.items() if not key.startswith("AUTOTRADER_")}
        with (self.folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "autotrader", *arguments]
            child = subprocess.Popen(command, env={**own, **self._environment}, stdout=log, stderr=log)
        self.children[name], self._arguments[name] = child, arguments
        return child

    def set(self, **environment: str) -> None:
        """Set environment variables for the children that are started from now on."""
        self._environment |= environment

    def streams(self, name: str = "streams-1") -> subprocess.Popen[bytes]:
        """Start a worker with all agents; the first one has a static place in the group, so that it is back at once."""
        return self.start(name, "run", "streams", *(("--instance", name) if name == "streams-1" else ()))

    def projections(self) -> subprocess.Popen[bytes]:
        """Start the read models."""
        return self.start("projections", "run", "projections")

    def kill(self, name: str) -> None:
        """End a child with SIGKILL and reap it."""
        self.children[name].kill()
        self.children[name].wait()

    def start_again(self, name: str) -> None:
        """Start a child that was killed or left."""
        assert self.children[name].poll() is not None
        self.start(name, *self._arguments[name])

    def restart_left(self) -> None:
        """Start again what left by itself because another owner took over or a store failed it, as a supervisor does."""
        for name, child in list(self.children.items()):
            if child.poll() in (EXIT_FAILED, EXIT_FENCED):
                self.start_again(name)

    def log(self, name: str) -> str:
        """Return the end of a child's log."""
        path = self.folder / f"{name}.log"
        return path.read_text()[-3_000:] if path.exists() else ""

    def close(self) -> None:
        """End everything that the test started; the stack stays, without this platform's topics and tables."""
        for child in self.children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGCONT)
                child.terminate()
        for child in self.children.values():
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        for reader in (*self._tails.values(), *self._levels):
            reader.close()
        _delete_topics(kafka.admin(self.settings.kafka, "test"))
        self._on_server(f"DROP DATABASE {self._database} WITH (FORCE)")
        self._drop_analytics()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- input --------------------------------------------------------------------------------------------------------

    def write(self, messages: Iterable[Message]) -> list[Place | None]:
        """Write records as their sources would, and see them acknowledged; return where they lie."""
        feed = self.feed(messages)
        feed.all()
        return feed.places

    def feed(self, messages: Iterable[Message]) -> "Feed":
        """Return a source of records that the test writes bit by bit."""
        return Feed(kafka.producer(self.settings.kafka, "test"), messages)

    # -- progress -----------------------------------------------------------------------------------------------------

    def folded(self) -> dict[Place, int]:
        """Return what the agents have committed: next offset by agent, partition number of the key, and topic."""
        for partition, key, value in self.tail(CHECKPOINTS).read():
            agent, number, kind, topic = [*key.decode(errors="replace").split("/", 3), "", "", ""][:4]
            if kind == "offset" and int(number) == partition:
                self._folded[agent, topic, partition] = int.from_bytes(value[1:9], "little")  # type: ignore[index]
        return dict(self._folded)

    def is_folded(self) -> bool:
        """Return whether every agent has committed all of its inputs.

        What was committed is read first, and the inputs behind it: in the other order, an input to which an agent adds its last
        records in between would seem to be at its end. For the same reason no transaction may be open on an input. It is over for
        one topic a little later than for another.
        """
        folded = self.folded()
        return self._holds_inputs(folded) and not any(map(self.has_open_transaction, DERIVED)) and self._holds_inputs(folded)

    def _holds_inputs(self, folded: dict[Place, int]) -> bool:
        for topics in AGENT_INPUTS.values():
            for topic in topics:
                self.tail(topic).read()
        return all(
            folded.get((agent, topic, partition), 0) >= end  # type: ignore[call-overload]
            for agent, topics in AGENT_INPUTS.items()
            for topic in topics
            for partition, end in self.tail(topic).next_offsets.items()
        )

    def projected(self) -> dict[tuple[str, str, int], int]:
        """Return what the read models have stored: next offset by projection, topic and partition; nothing while Postgres is away."""
        query = "SELECT projection, topic, partition, next_offset FROM projections.projection_offsets"
        try:
            with connect_postgres(self.settings.postgres, "test") as connection:
                return {(name, topic, partition): offset for name, topic, partition, offset in connection.execute(query)}
        except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
            return {}

    def is_projected(self) -> bool:
        """Return whether every read model has stored all that is committed."""
        for topic in DERIVED:
            self.tail(topic).read()
        stored = self.projected()
        return len({name for name, _, _ in stored}) == READ_MODELS and all(
            next_offset >= self.tail(topic).next_offsets[partition] for (_, topic, partition), next_offset in stored.items()
        )

    def until(self, condition: Callable[[], bool], timeout_s: float = 120.0) -> None:
        """Wait until a condition holds; workers that left by themselves are started again meanwhile.

        While the broker does not answer, because it was killed or has not much of the machine, nothing is known to hold.
        """
        deadline = time.monotonic() + timeout_s
        while not _holds(condition):
            if time.monotonic() > deadline:
                logs = "\n".join(f"{name}: {self.log(name)}" for name in self.children)
                raise TimeoutError(f"expected {condition} within {timeout_s} s, found {self._folded}\n{logs}")
            self.restart_left()
            time.sleep(0.05)

    def until_folded(self) -> None:
        """Wait until every agent has committed all of its inputs."""
        self.until(self.is_folded)

    def until_projected(self) -> None:
        """Wait until every agent and every read model is done."""
        self.until_folded()
        self.until(self.is_projected)

    def has_open_transaction(self, topic: str = CHECKPOINTS) -> bool:
        """Return whether a transaction has written and is not ended: readers of committed records are kept from its end."""
        places = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
        committed, uncommitted = self._levels
        return any(
            committed.get_watermark_offsets(at, timeout=5)[1] < uncommitted.get_watermark_offsets(at, timeout=5)[1] for at in places
        )

    # -- output -------------------------------------------------------------------------------------------------------

    def fingerprints(self) -> dict[str, Fingerprint]:
        """Return the fingerprint of every derived topic; dead letters tell when their records were appended: compare their places."""
        for topic in DERIVED:
            self.tail(topic).read()
        return {topic: self.tail(topic).fingerprint() for topic in DERIVED}

    def tables(self) -> dict[str, Fingerprint]:
        """Return the fingerprint of every read model."""
        return table_fingerprints(self.settings)

    def dead_letters(self) -> list[dict[str, Any]]:
        """Return the committed dead letters as plain values."""
        reader = codec()
        self.tail(DEAD_LETTERS).read()
        return [reader.decode_record(value)[1] for _, _, value in self.tail(DEAD_LETTERS).records]

    def dead_letter_places(self) -> list[Place]:
        """Return the origin of each dead letter, in order."""
        return sorted((letter["topic"], letter["partition"], letter["offset"]) for letter in self.dead_letters())

    def tail(self, topic: str) -> Tail:
        """Return the reader of a topic."""
        if topic not in self._tails:
            self._tails[topic] = Tail(self._reader("read_committed"), topic, PARTITIONS)
        return self._tails[topic]

    def _reader(self, level: str) -> Consumer:
        options = {"isolation_level": level, "enable_partition_eof": True, "fetch_wait_max_ms": 20}
        return kafka.consumer(self.settings.kafka, "test", "unused", **options)


class Feed:
    """Records that are written in their order, as many at a time as the test wants."""

    def __init__(self, producer: Producer, messages: Iterable[Message]) -> None:
        self._producer = producer
        self._messages = iter(messages)
        self.places: list[Place | None] = []
        """Where each record lies, in the order of writing; None until it is acknowledged."""

    def some(self, count: int) -> None:
        """Write the next records; does not wait for the broker."""
        for topic, key, value, headers, partition in islice(self._messages, count):
            options = {} if partition is None else {"partition": partition}
            delivered = partial(self._delivered, len(self.places))
            self.places.append(None)
            self._producer.produce(topic, value=value, key=key, headers=headers, on_delivery=delivered, **options)
            self._producer.poll(0)

    def all(self) -> None:
        """Write what is left, and see all acknowledged."""
        self.some(sys.maxsize)
        assert self._producer.flush(120) == 0

    def _delivered(self, number: int, error: Any, message: Any) -> None:
        assert error is None, error
        self.places[number] = (message.topic(), message.partition(), message.offset())


def _holds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except KafkaException as error:
        if error.args[0].code() not in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._TIMED_OUT):
            raise
        return False


def _delete_topics(admin: Any) -> None:
    names = [name for name in TOPICS if name in admin.list_topics(timeout=30).topics]
    for future in (admin.delete_topics(names, operation_timeout=30) if names else {}).values():
        future.result()
    deadline = time.monotonic() + 30
    while any(name in TOPICS for name in admin.list_topics(timeout=30).topics):
        assert time.monotonic() < deadline, "expected the topics to go"
        time.sleep(0.05)


@contextmanager
def platform(stack: EmbeddedStack, models: Path) -> Iterator[Platform]:
    """Run a platform that is gone with its data afterwards."""
    running = Platform(stack, models)
    try:
        yield running
    finally:
        running.close()

"""The product as a user runs it, for tests that break it: its own stack, its roles as child processes, and what came out."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from autotrader.roles.stores import connect_postgres, open_analytics
from infra.clients import kafka
from infra.local.stack import EmbeddedStack
from infra.settings import Settings, with_endpoints
from schemas.codec import Codec
from schemas.topics import ACTIONS, BARS, CHECKPOINTS, DEAD_LETTERS, FEATURES, NEWS, RECOMMENDATIONS, SOCIAL, TICKS, TOPICS
from tests.builders import codec
from tests.conftest import CACHE
from tests.faults.world import PARTITIONS, Message

AGENT_INPUTS = {"bars": (TICKS,), "features": (BARS, ACTIONS, NEWS, SOCIAL), "recommendations": (FEATURES,)}
DERIVED = (BARS, FEATURES, RECOMMENDATIONS, DEAD_LETTERS)
EXIT_FENCED = 3


class Platform:
    """One stack in a folder of its own and the roles that the test started."""

    def __init__(self, folder: Path, **overrides: Any) -> None:
        self.folder = folder
        self.stack = EmbeddedStack(folder, cache_dir=CACHE)
        endpoints = self.stack.up(owner_pid=os.getpid())
        self.settings = with_endpoints(Settings(data_dir=folder, **overrides), endpoints)
        kafka.create_topics(kafka.admin(self.settings.kafka, "test"), TOPICS.values(), partitions=PARTITIONS, replication_factor=1)
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self._environment: dict[str, str] = {}
        self._tails: dict[str, Tail] = {}
        self._folded: dict[tuple[str, str, int], int] = {}
        self._committed = self._reader("read_committed")
        self._uncommitted = self._reader("read_uncommitted")

    # -- roles --------------------------------------------------------------------------------------------------------

    def start(self, name: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start ``autotrader`` with arguments as a child of the test."""
        own = {key: value for key, value in os.environ.items() if not key.startswith("AUTOTRADER_")}
        env = {**own, "AUTOTRADER_DATA_DIR": str(self.folder), **self._environment, **environment}
        with (self.folder / f"{name}.log").open("ab") as log:
            child = subprocess.Popen([sys.executable, "-m", "autotrader", *arguments], env=env, stdout=log, stderr=log)
        self.children[name] = child
        return child

    def set(self, **environment: str) -> None:
        """Set environment variables for the children that are started from now on."""
        self._environment |= environment

    def streams(self, name: str = "streams-1") -> subprocess.Popen[bytes]:
        """Start a worker with all agents."""
        return self.start(name, "run", "streams", "--instance", name)

    def kill(self, name: str) -> None:
        """End a child with SIGKILL and reap it."""
        self.children[name].send_signal(signal.SIGKILL)
        self.children[name].wait()

    def restart_left(self) -> None:
        """Start again the workers that left by themselves because they were fenced, as a supervisor does."""
        for name, child in list(self.children.items()):
            if name.startswith("streams") and child.poll() == EXIT_FENCED:
                self.streams(name)

    def log(self, name: str) -> str:
        """Return the end of a child's log."""
        path = self.folder / f"{name}.log"
        return path.read_text()[-2_000:] if path.exists() else ""

    def close(self) -> None:
        """End everything that the test started."""
        for child in self.children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGCONT)
                child.terminate()
        for child in self.children.values():
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        for reader in (*self._tails.values(), self._committed, self._uncommitted):
            reader.close()
        self.stack.down()

    # -- input --------------------------------------------------------------------------------------------------------

    def write(self, messages: Iterable[Message]) -> None:
        """Write records as their sources would."""
        out: Producer = kafka.producer(self.settings.kafka, "test")
        for topic, key, value, headers, partition in messages:
            options = {} if partition is None else {"partition": partition}
            out.produce(topic, value=value, key=key, headers=headers, **options)
            out.poll(0)
        assert out.flush(30) == 0

    # -- progress -----------------------------------------------------------------------------------------------------

    def folded(self) -> dict[tuple[str, str, int], int]:
        """Return what the agents have committed: next offset by agent, topic and partition."""
        offsets = {}
        for partition, key, value in self._tail(CHECKPOINTS).read():
            agent, _, rest = key.decode().partition("/")
            number, _, rest = rest.partition("/")
            kind, _, topic = rest.partition("/")
            if kind == "offset" and int(number) == partition:
                offsets[agent, topic, partition] = int.from_bytes(value[1:9], "little")
        self._folded |= offsets
        return dict(self._folded)

    def is_done(self) -> bool:
        """Return whether every agent has committed all of its inputs."""
        folded = self.folded()
        for agent, topics in AGENT_INPUTS.items():
            for topic in topics:
                tail = self._tail(topic)
                tail.read()
                if any(folded.get((agent, topic, partition), 0) < end for partition, end in tail.next_offsets.items()):
                    return False
        return True

    def until_done(self, timeout_s: float = 120.0) -> None:
        """Wait until every agent has committed all of its inputs; fenced workers are started again meanwhile."""
        deadline = time.monotonic() + timeout_s
        while not self.is_done():
            if time.monotonic() > deadline:
                logs = "\n".join(f"{name}: {self.log(name)}" for name in self.children)
                raise TimeoutError(f"expected all inputs folded within {timeout_s} s, found {self._folded}\n{logs}")
            self.restart_left()
            time.sleep(0.1)

    def has_open_transaction(self) -> bool:
        """Return whether a transaction has written to the checkpoints and is not ended: readers of committed records wait there."""
        places = [TopicPartition(CHECKPOINTS, p) for p in range(PARTITIONS)]
        return any(
            self._committed.get_watermark_offsets(at, timeout=5)[1] < self._uncommitted.get_watermark_offsets(at, timeout=5)[1]
            for at in places
        )

    # -- output -------------------------------------------------------------------------------------------------------

    def fingerprint(self, topic: str) -> tuple[int, str]:
        """Return how many committed records a topic holds and one hash over keys and values, in whatever order they came."""
        tail = self._tail(topic)
        tail.read()
        rows = sorted(key + b"|" + value for _, key, value in tail.records)
        return len(rows), hashlib.sha256(b"\n".join(rows)).hexdigest()

    def fingerprints(self) -> dict[str, tuple[int, str]]:
        """Return the fingerprint of every derived topic."""
        return {topic: self.fingerprint(topic) for topic in DERIVED}

    def decoded(self, topic: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the committed records of a topic as plain values."""
        reader: Codec = codec()
        tail = self._tail(topic)
        tail.read()
        return [reader.decode_record(value) for _, _, value in tail.records]

    def tables(self) -> dict[str, tuple[int, str]]:
        """Return count and hash of the rows of every read model, without their places in Kafka, which faults may shift."""
        found = {}
        with connect_postgres(self.settings.postgres, "test") as connection:
            for table in ("recommendations", "recommendation_explanations"):
                rows = connection.execute(f"SELECT to_jsonb(t)::text FROM read_v1.{table} t").fetchall()
                found[table] = _hashed(_without_place(row[0]) for row in rows)
        analytics = open_analytics(self.settings.clickhouse)
        try:
            for table in ("bars", "symbol_features"):
                rows = analytics.query(f"SELECT toString(id) AS id, symbol, interval FROM read_v1.{table} FINAL")
                found[table] = _hashed("|".join(values) for values in zip(*rows.values(), strict=True))
        finally:
            analytics.close()
        return found

    def _tail(self, topic: str) -> "Tail":
        if topic not in self._tails:
            self._tails[topic] = Tail(self._reader("read_committed"), topic)
        return self._tails[topic]

    def _reader(self, level: str) -> Consumer:
        return kafka.consumer(self.settings.kafka, "test", "unused", isolation_level=level, enable_partition_eof=True)


class Tail:
    """The committed records of a topic, read once and then on from there."""

    def __init__(self, reader: Consumer, topic: str) -> None:
        self._reader = reader
        self.records: list[tuple[int, bytes, bytes]] = []
        """Partition, key and value."""
        self.next_offsets = dict.fromkeys(range(PARTITIONS), 0)
        reader.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
        self._ended: set[int] = set()

    def read(self) -> list[tuple[int, bytes, bytes]]:
        """Read what has come since the last call, and return it."""
        new: list[tuple[int, bytes, bytes]] = []
        while messages := self._reader.consume(5_000, 0.05 if len(self._ended) == PARTITIONS else 2.0):
            for message in messages:
                if message.error():
                    self._ended.add(message.partition())
                else:
                    new.append((message.partition(), message.key() or b"", message.value() or b""))
                    self.next_offsets[message.partition()] = message.offset() + 1
            if len(self._ended) == PARTITIONS and all(message.error() for message in messages):
                break
        self.records += new
        return new

    def close(self) -> None:
        """Let go of the consumer."""
        self._reader.close()


def _hashed(rows: Iterable[str]) -> tuple[int, str]:
    ordered: Sequence[str] = sorted(rows)
    return len(ordered), hashlib.sha256("\n".join(ordered).encode()).hexdigest()


def _without_place(row: str) -> str:
    fields = json.loads(row)
    return json.dumps({name: value for name, value in fields.items() if not name.startswith("kafka_")}, sort_keys=True)


@contextmanager
def platform(**overrides: Any) -> Iterator[Platform]:
    """Run a platform in a folder of its own, gone with its data afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="autotrader-faults-"))
    running = Platform(folder, **overrides)
    try:
        yield running
    finally:
        running.close()
        shutil.rmtree(folder, ignore_errors=True)

"""A log in memory that is written in transactions: what a Kafka cluster does for an ingest, without one."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException


@dataclass
class Log:
    """Topics by name; committed records by partition. Also opens the clients."""

    partitions: int = 4
    topics: dict[str, dict[int, list[tuple[bytes, bytes, Any]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    epochs: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    missing: set[str] = field(default_factory=set)

    def transactional_producer(self, transactional_id: str) -> "LogProducer":
        return LogProducer(self, transactional_id)

    def reader(self, *, committed: bool) -> "LogReader":  # noqa: ARG002  # open transactions are never seen here
        return LogReader(self)

    def values(self, topic: str) -> list[bytes]:
        return [value for partition in sorted(self.topics[topic]) for value, _, _ in self.topics[topic][partition]]


@dataclass
class _Described:
    error: Any
    partitions: dict[int, None]


@dataclass
class _Metadata:
    topics: dict[str, _Described]


class LogProducer:
    def __init__(self, log: Log, transactional_id: str) -> None:
        self._log, self._id, self._epoch = log, transactional_id, 0
        self._open: list[tuple[str, int, bytes, bytes, Any]] = []
        self.commits = 0

    def init_transactions(self, _timeout: float) -> None:
        self._log.epochs[self._id] += 1
        self._epoch = self._log.epochs[self._id]

    def begin_transaction(self) -> None:
        self._open = []

    def produce(self, topic: str, value: bytes, key: bytes, *, partition: int, headers: Any = None) -> None:
        self._open.append((topic, partition, value, key, headers))

    def commit_transaction(self, _timeout: float) -> None:
        if self._epoch != self._log.epochs[self._id]:
            raise KafkaException(KafkaError(KafkaError._FENCED, "fenced"))
        for topic, partition, value, key, headers in self._open:
            self._log.topics[topic][partition].append((value, key, headers))
        self.commits += 1

    def abort_transaction(self, _timeout: float) -> None:
        self._open = []

    def poll(self, _timeout: float) -> int:
        return 0

    def flush(self, _timeout: float) -> int:
        return 0

    def list_topics(self, topic: str, timeout: float) -> _Metadata:  # noqa: ARG002
        missing = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART) if topic in self._log.missing else None
        return _Metadata({topic: _Described(missing, dict.fromkeys(range(0 if missing else self._log.partitions)))})


@dataclass
class _Message:
    of: Any
    place: int
    record: tuple[bytes, bytes, Any] | None

    def topic(self) -> str:
        return self.of.topic

    def partition(self) -> int:
        return self.of.partition

    def error(self) -> KafkaError | None:
        return None if self.record else KafkaError(KafkaError._PARTITION_EOF)

    def offset(self) -> int:
        return self.place

    def key(self) -> bytes:
        return self.record[1]

    def value(self) -> bytes:
        return self.record[0]


class LogReader:
    def __init__(self, log: Log) -> None:
        self._log = log
        self._messages: list[_Message] = []

    def assign(self, places: list[Any]) -> None:
        [place] = places
        records = self._log.topics[place.topic][place.partition]
        self._messages = [*(_Message(place, at, record) for at, record in enumerate(records)), _Message(place, len(records), None)]

    def consume(self, num_messages: int, timeout: float) -> list[_Message]:  # noqa: ARG002
        messages, self._messages = self._messages, []
        return messages

    def get_watermark_offsets(self, place: Any, timeout: float) -> tuple[int, int]:  # noqa: ARG002
        return 0, len(self._log.topics[place.topic][place.partition])

    def close(self) -> None:
        pass

"""A log in memory with what matters of Kafka's: a transaction's records show when it is committed, and its end takes an offset."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException

Place = tuple[str, int]


@dataclass
class Kept:
    """A record, or the marker of a transaction's end (``value`` is None and ``key`` too)."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    offset: int
    timestamp: int
    state: str
    """``open``, ``committed`` or ``aborted``; markers are ``marker``."""


@dataclass
class MarkedLog:
    """Records by topic and partition; opens producers and readers as ``streams.ports.Clients`` does."""

    partition_of: Callable[[bytes | None], int] = lambda _: 0
    places: dict[Place, list[Kept]] = field(default_factory=lambda: defaultdict(list))
    epochs: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    open: dict[str, "MarkedProducer"] = field(default_factory=dict)
    commits: int = 0
    before_append: Callable[[str], None] | None = None
    """Called with the topic before a transaction's record is written: somebody else may write right then."""

    def transactional_producer(self, transactional_id: str) -> "MarkedProducer":
        return MarkedProducer(self, transactional_id)

    def reader(self, *, committed: bool) -> "MarkedReader":
        return MarkedReader(self, committed=committed)

    def write(self, topic: str, partition: int, value: bytes, key: bytes | None = None) -> int:
        """Write a record as somebody without transactions does."""
        return self.append((topic, partition), key, value, [], "committed").offset

    def append(self, place: Place, key: bytes | None, value: bytes | None, headers: Any, state: str) -> Kept:
        records = self.places[place]
        kept = Kept(key, value, list(headers or []), len(records), 1_000 + len(records), state)
        records.append(kept)
        return kept

    def visible(self, topic: str, partition: int, begin: int = 0) -> list[Kept]:
        """Return what a read_committed reader sees from an offset on: nothing behind an open transaction."""
        return list(self._visible(topic, partition, begin))

    def _visible(self, topic: str, partition: int, begin: int) -> Iterator[Kept]:
        for kept in self.places[topic, partition][begin:]:
            if kept.state == "open":
                return
            if kept.state == "committed":
                yield kept


class MarkedProducer:
    """Fenced by a younger one with the same id."""

    def __init__(self, log: MarkedLog, transactional_id: str) -> None:
        self._log, self._id, self._epoch = log, transactional_id, 0
        self._written: list[tuple[Place, Kept]] = []
        self._unreported: list[tuple[Any, Place, Kept]] = []

    def init_transactions(self, _timeout: float) -> None:
        if earlier := self._log.open.pop(self._id, None):
            earlier.end("aborted")
        self._log.epochs[self._id] += 1
        self._epoch = self._log.epochs[self._id]

    def begin_transaction(self) -> None:
        self._log.open[self._id] = self

    def produce(self, topic: str, value: bytes | None = None, key: bytes | None = None, **options: Any) -> None:
        self._check()
        if self._log.before_append is not None:
            self._log.before_append(topic)
        place = topic, options.get("partition", self._log.partition_of(key))
        kept = self._log.append(place, key, value, options.get("headers"), "open")
        self._written.append((place, kept))
        if report := options.get("on_delivery"):
            self._unreported.append((report, place, kept))

    def flush(self, _timeout: float) -> int:
        reports, self._unreported = self._unreported, []
        for report, place, kept in reports:
            report(None, Delivered(place, kept))
        return 0

    def poll(self, timeout: float) -> int:
        return self.flush(timeout)

    def commit_transaction(self, _timeout: float) -> None:
        self._check()
        self._log.open.pop(self._id, None)
        self._log.commits += 1
        self.end("committed")

    def end(self, state: str) -> None:
        for _, kept in self._written:
            kept.state = state
        for place in dict.fromkeys(place for place, _ in self._written):
            self._log.append(place, None, None, [], "marker")
        self._written = []

    def _check(self) -> None:
        if self._epoch != self._log.epochs[self._id]:
            raise KafkaException(KafkaError(KafkaError._FENCED, "fenced"))


@dataclass
class Delivered:
    """What a delivery report tells."""

    place: Place
    kept: Kept

    def partition(self) -> int:
        return self.place[1]

    def offset(self) -> int:
        return self.kept.offset

    def timestamp(self) -> tuple[int, int]:
        return 2, self.kept.timestamp


@dataclass
class _Message:
    kept: Kept | None
    end: int

    def error(self) -> KafkaError | None:
        return None if self.kept else KafkaError(KafkaError._PARTITION_EOF)

    def offset(self) -> int:
        return self.kept.offset if self.kept else self.end

    def key(self) -> bytes | None:
        return self.kept.key if self.kept else None

    def value(self) -> bytes | None:
        return self.kept.value if self.kept else None


class MarkedReader:
    """Reads one partition to its end."""

    def __init__(self, log: MarkedLog, *, committed: bool) -> None:
        self._log, self._committed = log, committed
        self._messages: list[_Message] = []

    def assign(self, places: list[Any]) -> None:
        [place] = places
        end = len(self._log.places[place.topic, place.partition])
        self._messages = [*(_Message(kept, end) for kept in self._log.visible(place.topic, place.partition)), _Message(None, end)]

    def consume(self, num_messages: int, timeout: float) -> list[_Message]:  # noqa: ARG002
        messages, self._messages = self._messages, []
        return messages

    def get_watermark_offsets(self, place: Any, timeout: float) -> tuple[int, int]:  # noqa: ARG002
        return 0, len(self._log.places[place.topic, place.partition])

    def close(self) -> None:
        pass

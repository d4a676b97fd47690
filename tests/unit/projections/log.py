"""A topic in memory, a consumer of it as confluent_kafka's behaves, and a store that fences: what a runner stands between."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, KafkaError, TopicPartition

from projections.intake import Partition
from projections.offsets import Claim, Fenced, Move
from projections.ports import BadRecord, StoreUnavailable, ValueRefused
from projections.records import Flaw, Folded, Records
from projections.versions import Projection

TOPIC = "words"


@dataclass(frozen=True)
class FakeMessage:
    at: tuple[int, int]
    text: bytes | None = None
    problem: KafkaError | None = None
    appended_ms: int = 1_000_000
    traceparent: bytes | None = None

    def topic(self) -> str:
        return TOPIC

    def partition(self) -> int:
        return self.at[0]

    def offset(self) -> int:
        return self.at[1]

    def key(self) -> bytes:
        return b"key"

    def value(self) -> bytes | None:
        return self.text

    def headers(self) -> list[tuple[str, bytes]]:
        return [("ce_id", b"1"), *([("traceparent", self.traceparent)] if self.traceparent else [])]

    def timestamp(self) -> tuple[int, int]:
        return 2, self.appended_ms

    def error(self) -> KafkaError | None:
        return self.problem


@dataclass
class FakeTopic:
    """Records by partition, offsets with gaps where a transaction's marker lies."""

    partitions: dict[int, list[FakeMessage]] = field(default_factory=lambda: {0: [], 1: []})

    def append(self, partition: int, *texts: bytes, gap: int = 0, traceparent: bytes | None = None) -> None:
        for text in texts:
            records = self.partitions[partition]
            offset = records[-1].at[1] + 1 if records else 0
            records.append(FakeMessage((partition, offset + gap), text, traceparent=traceparent))
            gap = 0

    def end(self, partition: int) -> int:
        records = self.partitions[partition]
        return records[-1].at[1] + 1 if records else 0


class FakeConsumer:
    """Hands out what is assigned, in order; a rebalance comes with the next call."""

    def __init__(self, topic: FakeTopic, settings: dict[str, Any]) -> None:
        self.topic = topic
        self.settings = settings
        self.assignment: list[int] = sorted(topic.partitions)
        self.rebalancing = True
        self.positions: dict[int, int] = {}
        self.started_from: list[dict[int, int]] = []
        self.paused: set[int] = set()
        self.told_end: set[int] = set()
        self.mirrored: dict[int, int] = {}
        self.problems: list[KafkaError] = []
        self.closed = False
        self._callbacks: dict[str, Callable[[Any, list[TopicPartition]], None]] = {}

    def subscribe(self, topics: list[str], **callbacks: Callable[[Any, list[TopicPartition]], None]) -> None:
        assert topics == [TOPIC]
        self._callbacks = callbacks

    def rebalance(self, partitions: Sequence[int]) -> None:
        self.assignment = list(partitions)
        self.rebalancing = True

    def assign(self, partitions: list[TopicPartition]) -> None:
        starts = {p.partition: 0 if p.offset == OFFSET_BEGINNING else p.offset for p in partitions}
        if starts:
            self.started_from.append(starts)
        self.positions, self.paused, self.told_end = dict(starts), set(), set()

    def consume(self, num_messages: int = 1, _timeout: float = -1) -> list[FakeMessage]:
        self._serve()
        if self.problems and self.positions:
            return [FakeMessage((0, 0), problem=self.problems.pop())]
        found: list[FakeMessage] = []
        for partition in sorted(self.positions):
            if partition in self.paused:
                continue
            due = [m for m in self.topic.partitions[partition] if m.at[1] >= self.positions[partition]]
            for message in due[: num_messages - len(found)]:
                found.append(message)
                self.positions[partition] = message.at[1] + 1
                self.told_end.discard(partition)
            if len(due) <= num_messages - len(found) + len(due) and self.positions[partition] >= self.topic.end(partition):
                found += self._end(partition)
        return found

    def poll(self, _timeout: float | None = None) -> None:
        self._serve()

    def pause(self, partitions: list[TopicPartition]) -> None:
        self.paused = {p.partition for p in partitions}

    def resume(self, partitions: list[TopicPartition]) -> None:
        self.paused -= {p.partition for p in partitions}

    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> None:
        assert asynchronous
        self.mirrored |= {p.partition: p.offset for p in offsets}

    def get_watermark_offsets(self, partition: TopicPartition, *, cached: bool) -> tuple[int, int]:
        assert cached
        return 0, self.topic.end(partition.partition)

    def close(self) -> None:
        self.closed = True

    def _serve(self) -> None:
        if self.rebalancing:
            self.rebalancing = False
            if self.positions:
                self._callbacks["on_revoke"](self, [TopicPartition(TOPIC, p) for p in self.positions])
                self.positions = {}
            self._callbacks["on_assign"](self, [TopicPartition(TOPIC, p) for p in self.assignment])

    def _end(self, partition: int) -> list[FakeMessage]:
        if partition in self.told_end:
            return []
        self.told_end.add(partition)
        return [FakeMessage((partition, self.topic.end(partition)), problem=KafkaError(KafkaError._PARTITION_EOF))]


@dataclass
class FakeStore:
    """Rows and positions that move together; each claim raises the epoch. Failures are raised by the next calls."""

    rows: list[bytes] = field(default_factory=list)
    offsets: dict[int, int] = field(default_factory=dict)
    epochs: dict[int, int] = field(default_factory=dict)
    unfinished: dict[int, int] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)
    claim_failures: list[Exception] = field(default_factory=list)
    batches: list[list[bytes]] = field(default_factory=list)
    moves: list[tuple[Move, ...]] = field(default_factory=list)
    refused: bytes | None = None
    on_write: Callable[[], None] = lambda: None


class FakeSink:
    """Words become rows; ``bad`` ones are flaws, and the store refuses the one that it is told to refuse."""

    projection = Projection("test", TOPIC)

    def __init__(self, store: FakeStore) -> None:
        self.store = store
        self.closed = False

    def claim(self, partitions: Sequence[Partition]) -> list[Claim]:
        if self.store.claim_failures:
            raise self.store.claim_failures.pop(0)
        return [self._claim(topic, partition) for topic, partition in partitions]

    def fold(self, records: Records) -> Folded[list[bytes]]:
        flaws = [Flaw(at, "bad_value", "a bad word") for at, value in enumerate(records.values) if value == b"bad"]
        return Folded([value for value in records.values if value not in (b"bad", None)], flaws)

    def write(self, rows: list[bytes], moves: Sequence[Move]) -> None:
        store = self.store
        store.on_write()
        if store.failures:
            raise store.failures.pop(0)
        if store.refused in rows:
            raise ValueRefused(f"expected any other word, found {store.refused!r}")
        for move in moves:
            if store.epochs[move.partition] != move.epoch or store.offsets[move.partition] != move.first_offset:
                raise Fenced(f"expected {move}, found {store.epochs} and {store.offsets}")
        store.rows += rows
        store.batches.append(rows)
        store.moves.append(tuple(moves))
        store.offsets |= {move.partition: move.next_offset for move in moves}

    def close(self) -> None:
        self.closed = True

    def _claim(self, topic: str, partition: int) -> Claim:
        store = self.store
        store.epochs[partition] = store.epochs.get(partition, 0) + 1
        offset = store.offsets.setdefault(partition, 0)
        return Claim(topic, partition, offset, store.epochs[partition], store.unfinished.pop(partition, None))


class FakeLetters:
    """Keeps dead letters in memory, or refuses."""

    def __init__(self) -> None:
        self.kept: list[BadRecord] = []
        self.failure: Exception | None = None

    def keep(self, letters: Sequence[BadRecord]) -> None:
        if self.failure:
            raise self.failure
        self.kept += letters


@dataclass
class FakeObserver:
    wrote_records: int = 0
    wrote_bad: int = 0
    retries: list[tuple[int, float]] = field(default_factory=list)
    fences: int = 0
    late_s: dict[int, float] = field(default_factory=dict)
    records_behind: dict[int, int] = field(default_factory=dict)

    def wrote(self, _projection: str, records: int, bad: int, _seconds: float) -> None:
        self.wrote_records += records
        self.wrote_bad += bad

    def behind(self, _projection: str, _topic: str, partition: int, records: int, seconds: float) -> None:
        self.records_behind[partition] = records
        self.late_s[partition] = seconds

    def retrying(self, _projection: str, attempt: int, delay_s: float, error: Exception) -> None:
        assert isinstance(error, StoreUnavailable)
        self.retries.append((attempt, delay_s))

    def fenced(self, _projection: str, _error: Exception) -> None:
        self.fences += 1

"""One owner for each agent and partition number: its producer, its state, where it stands in each of its inputs."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import KafkaException

from schemas.headers import Headers
from streams.fold import Emission, Fold, WaitingFold
from streams.ports import TransactionalProducer
from streams.runner.checkpoints import offset_record, state_key

COMMIT_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class CommitSettings:
    """When an owner commits."""

    busy_interval_s: float = 0.05
    """Between commits while much waits to be read: a transaction costs the broker as much for 1 record as for 1,000."""
    output_interval_s: float = 0.01
    """Between commits when the owner has caught up and outputs wait: someone waits for them."""
    state_interval_s: float = 0.5
    """Between commits when only state has changed: nobody waits."""
    busy_records: int = 1_000
    """A chunk of at least this many records says that much waits to be read."""
    unflushed_records_max: int = 50_000
    """Records folded and not committed at the most; beyond that reading waits."""
    checkpoints_topic: str = "streams.checkpoints"


class Owner:
    """Folds records and commits outputs, changed state and next offsets in one Kafka transaction."""

    def __init__(
        self,
        agent: str,
        partition: int,
        fold: Fold,
        producer: TransactionalProducer,
        offsets: Mapping[str, int],
        settings: CommitSettings,
    ) -> None:
        self.agent = agent
        self.partition = partition
        self.fold = fold
        self.producer = producer
        self.positions = dict(offsets)
        """Next offset of each input topic, as folded; what is committed may be behind."""
        self.unflushed_records = 0
        self.trace_headers: Headers = []
        """Carry the trace of the newest chunk on to what is made of it; empty while tracing is off."""
        self._busy = False
        self.flush_task: asyncio.Task[None] | None = None
        self.committing = asyncio.Lock()
        self.waiting = fold if isinstance(fold, WaitingFold) else None
        """The fold, where it waits for some of its inputs. Asked once: looking a protocol up takes its time."""
        self._settings = settings
        self._committed_at = 0.0
        self._dirty = asyncio.Event()
        self._urgent = asyncio.Event()
        self._moved: set[str] = set()

    def folded(self, topic: str, next_offset: int, records: int) -> None:
        """Note that the fold has taken records of a topic."""
        self.positions[topic] = next_offset
        self._moved.add(topic)
        self.unflushed_records += records
        self._busy = records >= self._settings.busy_records
        self.touch()

    def touch(self) -> None:
        """Wake the flush task: there is something to commit."""
        if self.fold.has_outputs():
            self._urgent.set()
        self._dirty.set()

    @property
    def is_dirty(self) -> bool:
        """Whether something is folded and not handed to a commit."""
        return self._dirty.is_set()

    async def until_due(self) -> None:
        """Wait until the next commit has something to say and may be made."""
        await self._dirty.wait()
        passed = time.monotonic() - self._committed_at
        if not self._urgent.is_set() and (wait := self._settings.state_interval_s - passed) > 0:
            try:
                await asyncio.wait_for(self._urgent.wait(), wait)
            except TimeoutError:
                return
            passed = time.monotonic() - self._committed_at
        interval = self._settings.busy_interval_s if self._busy else self._settings.output_interval_s
        if (wait := interval - passed) > 0:
            await asyncio.sleep(wait)

    def take(self) -> tuple[Emission, dict[str, int]]:
        """Return what the next transaction has to hold. From here on memory is ahead of the log until it is committed."""
        emission = self.fold.drain()
        moved = {topic: self.positions[topic] for topic in self._moved}
        self._moved.clear()
        self._dirty.clear()
        self._urgent.clear()
        self.unflushed_records = 0
        return emission, moved

    def commit(self, emission: Emission, moved: Mapping[str, int]) -> float:
        """Write one transaction; blocks; KafkaException where its outcome is unknown or another owner has fenced this one.

        Returns the seconds it took.
        """
        began = time.monotonic()
        self.producer.begin_transaction()
        for output in emission.outputs:
            self._produce(output.topic, output.value, output.key, output.partition, [*output.headers, *self.trace_headers])
        topic = self._settings.checkpoints_topic
        for key, value in emission.changes.items():
            self._produce(topic, value, state_key(self.agent, self.partition, key), self.partition, None)
        for source, next_offset in moved.items():
            key, value = offset_record(self.agent, self.partition, source, next_offset)
            self._produce(topic, value, key, self.partition, None)
        self._commit_with_retries(began + COMMIT_TIMEOUT_S)
        self._committed_at = time.monotonic()
        return self._committed_at - began

    def _produce(self, topic: str, value: bytes | None, key: bytes | None, partition: int | None, headers: object) -> None:
        options: dict[str, object] = {"headers": headers} if headers else {}
        if partition is not None:
            options["partition"] = partition
        while True:
            try:
                self.producer.produce(topic, value=value, key=key, **options)
            except BufferError:
                self.producer.poll(0.1)
            else:
                return

    def _commit_with_retries(self, deadline: float) -> None:
        while True:
            try:
                self.producer.commit_transaction(max(1.0, deadline - time.monotonic()))
            except KafkaException as error:
                if not error.args[0].retriable() or time.monotonic() > deadline:
                    raise
            else:
                return

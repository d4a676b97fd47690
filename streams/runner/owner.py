"""One owner for each partition number: its producer, the agents that it runs in turn, and when it commits."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from streams.ports import TransactionalProducer
from streams.runner.stage import Stage
from streams.runner.transaction import Transaction


@dataclass(frozen=True)
class CommitSettings:
    """When an owner commits."""

    busy_interval_s: float = 0.05
    """Between commits while much waits to be read: a transaction costs the broker as much for 1 record as for 1,000."""
    output_interval_s: float = 0.015
    """From the first output to its commit when the owner has caught up: bars of many symbols close within some milliseconds."""
    state_interval_s: float = 0.5
    """Between commits when only state has changed: nobody waits."""
    busy_records: int = 1_000
    """A chunk of at least this many records says that much waits to be read."""
    unflushed_records_max: int = 50_000
    """Records folded and not committed at the most; beyond that reading waits."""
    checkpoints_topic: str = "streams.checkpoints"


class Owner:
    """Runs the agents of a partition number and commits what they say in one Kafka transaction."""

    def __init__(self, partition: int, stages: Sequence[Stage], producer: TransactionalProducer, settings: CommitSettings) -> None:
        self.partition = partition
        self.stages = tuple(stages)
        """In the order in which they feed each other."""
        self.producer = producer
        self.unflushed_records = 0
        self.flush_task: asyncio.Task[None] | None = None
        self.committing = asyncio.Lock()
        self._stage_of = {topic: stage for stage in stages for topic in stage.topics}
        self._settings = settings
        self._busy = False
        self._committed_at = 0.0
        self._dirty = asyncio.Event()
        self._urgent = asyncio.Event()

    def stage_of(self, topic: str) -> Stage:
        """Return the agent that reads a topic."""
        return self._stage_of[topic]

    def folded(self, stage: Stage, records: int) -> None:
        """Note that an agent has taken fetched records."""
        self.unflushed_records += records
        self._busy = records >= self._settings.busy_records
        self.touch(stage)

    def touch(self, stage: Stage) -> None:
        """Wake the flush task: there is something to commit."""
        if stage.fold.has_outputs():
            self._urgent.set()
        self._dirty.set()

    @property
    def is_dirty(self) -> bool:
        """Whether something is folded and not handed to a commit."""
        return self._dirty.is_set()

    async def until_due(self) -> None:
        """Wait until the next commit has something to say and may be made."""
        await self._dirty.wait()
        if not self._urgent.is_set() and (wait := self._left_s(self._settings.state_interval_s)) > 0:
            try:
                await asyncio.wait_for(self._urgent.wait(), wait)
            except TimeoutError:
                return
        await asyncio.sleep(self._left_s(self._settings.busy_interval_s) if self._busy else self._settings.output_interval_s)

    def _left_s(self, interval_s: float) -> float:
        """Return what is left of an interval since the last commit."""
        return max(0.0, self._committed_at + interval_s - time.monotonic())

    def begin(self) -> Transaction:
        """Return a transaction for everything folded so far; what is folded from here on is for the next one."""
        self._dirty.clear()
        self._urgent.clear()
        self.unflushed_records = 0
        return Transaction(self.producer, self.partition, self._settings.checkpoints_topic)

    def committed(self) -> None:
        """Note that a transaction has ended."""
        self._committed_at = time.monotonic()

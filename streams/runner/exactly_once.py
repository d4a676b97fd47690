"""From input to output exactly once, by Kafka transactions: one producer, one checkpoint for each partition number.

A transaction holds the outputs, the changed state and the next offset of every input of one owner, so all of it is there or none.
The transactional id names the partition: who takes it over fences who had it, and reads what was committed.

An agent's outputs are handed to the agent that reads them inside the same transaction, where they are all that comes next there:
a tick that closes a bar becomes a recommendation in one commit instead of three. Where somebody else has written to that topic as
well, they are read like any other record once they are committed. Either way the agents see the same records in the same order.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from faust.types import TP

from streams.fold import Fold, InputRecord
from streams.ports import Clients, NoTracing, Observer, Tracing, TransactionalProducer
from streams.runner.checkpoints import Checkpoint, read_checkpoints
from streams.runner.owner import CommitSettings, Owner
from streams.runner.stage import Stage, Taken, Written
from streams.transport.chunk import Chunk

log = logging.getLogger(__name__)

_T = TypeVar("_T")
Reread = Callable[[TP, int], Awaitable[None]]


@dataclass(frozen=True)
class Agent:
    """An agent: its name (part of its checkpoint keys), its input topics, its fold for a partition number."""

    name: str
    topics: tuple[str, ...]
    fold: Callable[[int], Fold]


class ExactlyOnceRunner:
    """Owns the partition numbers that the group assigns to this process.

    ``agents`` stand in the order in which they feed each other. All workers of a group run the same ones.
    """

    def __init__(
        self,
        agents: Iterable[Agent],
        clients: Clients,
        observer: Observer,
        end_process: Callable[[str], None],
        settings: CommitSettings | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._agents = tuple(agents)
        self._topics = frozenset(topic for agent in self._agents for topic in agent.topics)
        self._clients = clients
        self._observer = observer
        self._end_process = end_process
        self._settings = settings or CommitSettings()
        self._tracing = tracing or NoTracing()
        self._owners: dict[int, Owner] = {}
        self._taking_over = asyncio.Lock()
        self._may_commit = asyncio.Event()
        self._threads = ThreadPoolExecutor(max_workers=32, thread_name_prefix="transaction")

    @property
    def owners(self) -> Mapping[int, Owner]:
        """Return the owners in this process by partition number."""
        return self._owners

    # -- ownership ----------------------------------------------------------------------------------------------------

    async def take_over(self, assigned: set[TP]) -> Mapping[TP, int]:
        """Fence the earlier owners, restore their state, and return where each assigned partition goes on.

        Under a lock: Faust may call again before an earlier call has ended, and two owners of one partition in one process
        would lose what the second one never saw.
        """
        async with self._taking_over:
            wanted = self._complete_partitions(assigned)
            for partition in self._owners.keys() - wanted:
                await self._drop(self._owners.pop(partition))
            for owner in await self._new_owners(wanted - self._owners.keys()):
                self._owners[owner.partition] = owner
                owner.flush_task = asyncio.get_running_loop().create_task(self._flush_for_ever(owner))
            self._may_commit.set()
            ours = [tp for tp in assigned if tp.topic in self._topics]
            return {tp: self._owners[tp.partition].stage_of(tp.topic).position(tp.topic) for tp in ours}

    async def release(self) -> None:
        """Let running commits end, and begin none until partitions are taken over again."""
        self._may_commit.clear()
        for owner in list(self._owners.values()):
            async with owner.committing:
                pass

    async def close(self) -> None:
        """Commit what is folded and close the producers."""
        for partition in list(self._owners):
            owner = self._owners.pop(partition)
            if owner.is_dirty:
                await self._commit(owner)
            await self._drop(owner)
        self._threads.shutdown(wait=False)

    def _complete_partitions(self, assigned: set[TP]) -> set[int]:
        topics_of: dict[int, set[str]] = {}
        for tp in assigned:
            if tp.topic in self._topics:
                topics_of.setdefault(tp.partition, set()).add(tp.topic)
        for partition, topics in topics_of.items():
            if missing := self._topics - topics:
                message = f"expected all inputs of partition {partition} in one process, found {sorted(missing)} elsewhere"
                self._end_process(f"{message}: all workers of a group run the same agents")
                raise RuntimeError(message)
        return set(topics_of)

    async def _new_owners(self, partitions: set[int]) -> list[Owner]:
        if not partitions:
            return []
        began = time.monotonic()
        ordered = sorted(partitions)
        # First every producer: it fences the old owner and ends what that one left open. Only then are the checkpoints final.
        producers = await asyncio.gather(*(self._in_thread(self._fence, partition) for partition in ordered))
        names, topic = [agent.name for agent in self._agents], self._settings.checkpoints_topic
        read = await asyncio.gather(*(self._in_thread(read_checkpoints, self._clients, topic, p, names) for p in ordered))
        owners = [self._restored(*found) for found in zip(ordered, producers, read, strict=True)]
        log.info("took over %d partitions in %.2f s", len(owners), time.monotonic() - began)
        return owners

    def _fence(self, partition: int) -> TransactionalProducer:
        producer = self._clients.transactional_producer(f"streams/{partition}")
        producer.init_transactions(60.0)
        return producer

    def _restored(self, partition: int, producer: TransactionalProducer, checkpoints: Mapping[str, Checkpoint]) -> Owner:
        stages = []
        for agent in self._agents:
            checkpoint, fold = checkpoints[agent.name], agent.fold(partition)
            fold.restore(checkpoint.state)
            log.info("%s/%d goes on at %s with %d state keys", agent.name, partition, checkpoint.offsets, len(checkpoint.state))
            stages.append(Stage(agent.name, agent.topics, fold, checkpoint.offsets))
        return Owner(partition, stages, producer, self._settings)

    async def _drop(self, owner: Owner) -> None:
        async with owner.committing:
            if owner.flush_task is not None:
                owner.flush_task.cancel()
        await self._in_thread(owner.producer.flush, 1.0)

    # -- work ---------------------------------------------------------------------------------------------------------

    def may_wait(self, tp: TP, records: Sequence[InputRecord]) -> bool:
        """Whether nobody would notice if fetched records were folded a little later."""
        owner = self._owners.get(tp.partition)
        return owner is not None and owner.stage_of(tp.topic).may_wait(tp.topic, records)

    async def process(self, tp: TP, chunk: Chunk, reread: Reread) -> None:
        """Fold the records of a chunk that were not folded before."""
        owner = self._owners.get(tp.partition)
        if owner is None:
            return  # revoked while the chunk waited: its new owner reads it
        stage = owner.stage_of(tp.topic)
        position = stage.position(tp.topic)
        if chunk.follows > position:
            log.warning("%s: a chunk follows %d and the state is at %d: reading again", tp, chunk.follows, position)
            await reread(tp, position)
            return
        records = chunk.since(position)
        if not records:
            return
        self._fold(owner, stage, tp.topic, records, chunk.next_offset)
        owner.folded(stage, len(records))
        if owner.unflushed_records > self._settings.unflushed_records_max:
            await self._commit(owner)  # back-pressure: reading waits for the broker

    def _fold(self, owner: Owner, stage: Stage, topic: str, records: Sequence[InputRecord], next_offset: int) -> None:
        began = time.perf_counter()
        with self._tracing.span(f"{stage.agent} fold", (record.headers for record in records)) as trace_headers:
            stage.fold_records(topic, records, next_offset)
        stage.trace_headers = trace_headers
        newest, seconds = records[-1].timestamp * 1000, time.perf_counter() - began
        self._observer.folded(stage.agent, topic, owner.partition, len(records), seconds, newest)
        if (watermark := stage.fold.watermark()) is not None:
            self._observer.watermark(stage.agent, owner.partition, watermark)

    async def _flush_for_ever(self, owner: Owner) -> None:
        """Commit whenever it is due: one task for each owner, so never two transactions on one producer."""
        while True:
            await owner.until_due()
            await self._may_commit.wait()
            await self._commit(owner)

    async def _commit(self, owner: Owner) -> None:
        async with owner.committing:
            if not owner.is_dirty:
                return
            try:
                await self._write_and_commit(owner)
            except Exception as error:
                # Fenced, the outcome is unknown, or a fold broke off: memory is ahead of the log. Only a fresh owner knows.
                self._end_process(f"partition {owner.partition}: the transaction failed: {error!r}")
                raise

    async def _write_and_commit(self, owner: Owner) -> None:
        began = time.monotonic()
        transaction = owner.begin()
        all_taken: list[Taken] = []
        unwritten: list[Taken] = []
        last_written: list[tuple[Stage, str, int]] = []
        for place, stage in enumerate(owner.stages):
            taken = stage.take()
            all_taken.append(taken)
            readers = self._readers(owner.stages[place + 1 :], taken)
            if not readers:
                unwritten.append(taken)
                continue
            written = await self._in_thread(transaction.write, taken)
            for topic, reader in readers.items():
                if found := written.get(topic):
                    self._hand_over(owner, reader, topic, found)
                    last_written.append((reader, topic, found[-1].offset))
        await self._in_thread(transaction.commit, unwritten, all_taken)
        for reader, topic, offset in last_written:
            reader.note_written(topic, offset)
        owner.committed()
        seconds = time.monotonic() - began
        for taken in all_taken:
            if not taken.is_empty:
                outputs, changes = len(taken.emission.outputs), len(taken.emission.changes)
                self._observer.committed(taken.agent, owner.partition, outputs, changes, seconds)

    def _readers(self, later: Sequence[Stage], taken: Taken) -> Mapping[str, Stage]:
        """Return which of the agents that follow read what an agent has to say, by topic."""
        topics = {output.topic for output in taken.emission.outputs}
        return {topic: stage for stage in later for topic in stage.topics & topics}

    def _hand_over(self, owner: Owner, reader: Stage, topic: str, written: Sequence[Written]) -> None:
        if reader.continues(topic, written):
            self._fold(owner, reader, topic, written, written[-1].offset + 1)

    async def _in_thread(self, call: Callable[..., _T], *arguments: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call, *arguments)

"""From input to output exactly once, by Kafka transactions: one producer, one state, one checkpoint for each partition number.

A transaction holds the outputs, the changed state and the next offset of every input of one owner, so all of it is there or none.
The transactional id names agent and partition: who takes a partition over fences who had it, and reads what was committed.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from confluent_kafka import KafkaException
from faust.types import TP

from streams.fold import Fold
from streams.ports import Clients, NoTracing, Observer, Tracing, TransactionalProducer
from streams.runner.checkpoints import Checkpoint, read_checkpoints
from streams.runner.owner import CommitSettings, Owner
from streams.transport.chunk import Chunk

log = logging.getLogger(__name__)

Reread = Callable[[TP, int], Awaitable[None]]


@dataclass(frozen=True)
class Agent:
    """An agent: its name (part of its transactional ids and checkpoint keys), its input topics, its fold for a partition number."""

    name: str
    topics: tuple[str, ...]
    fold: Callable[[int], Fold]


class ExactlyOnceRunner:
    """Owns the partitions that the group assigns to this process."""

    def __init__(
        self,
        agents: Iterable[Agent],
        clients: Clients,
        observer: Observer,
        end_process: Callable[[str], None],
        settings: CommitSettings | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._agents = {agent.name: agent for agent in agents}
        self._agent_of = {topic: agent for agent in self._agents.values() for topic in agent.topics}
        self._clients = clients
        self._observer = observer
        self._end_process = end_process
        self._settings = settings or CommitSettings()
        self._tracing = tracing or NoTracing()
        self._owners: dict[tuple[str, int], Owner] = {}
        self._taking_over = asyncio.Lock()
        self._may_commit = asyncio.Event()
        self._threads = ThreadPoolExecutor(max_workers=32, thread_name_prefix="transaction")

    @property
    def owners(self) -> Mapping[tuple[str, int], Owner]:
        """Return the owners in this process by (agent, partition)."""
        return self._owners

    # -- ownership ----------------------------------------------------------------------------------------------------

    async def take_over(self, assigned: set[TP]) -> Mapping[TP, int]:
        """Fence the earlier owners, restore their state, and return where each assigned partition goes on.

        Under a lock: Faust may call again before an earlier call has ended, and two owners of one partition in one process
        would lose what the second one never saw.
        """
        async with self._taking_over:
            wanted = self._complete_owners(assigned)
            for identity in self._owners.keys() - wanted:
                await self._drop(self._owners.pop(identity))
            new = wanted - self._owners.keys()
            for owner in await self._new_owners(new):
                self._owners[owner.agent, owner.partition] = owner
                owner.flush_task = asyncio.get_running_loop().create_task(self._flush_for_ever(owner))
            self._may_commit.set()
            return {tp: self._position(tp) for tp in assigned if tp.topic in self._agent_of}

    async def release(self) -> None:
        """Let running commits end, and begin none until partitions are taken over again."""
        self._may_commit.clear()
        for owner in list(self._owners.values()):
            async with owner.committing:
                pass

    async def close(self) -> None:
        """Commit what is folded and close the producers."""
        for identity in list(self._owners):
            owner = self._owners.pop(identity)
            if owner.is_dirty:
                await self._commit(owner)
            await self._drop(owner)
        self._threads.shutdown(wait=False)

    def _complete_owners(self, assigned: set[TP]) -> set[tuple[str, int]]:
        partitions: dict[tuple[str, int], set[str]] = {}
        for tp in assigned:
            if tp.topic in self._agent_of:
                partitions.setdefault((self._agent_of[tp.topic].name, tp.partition), set()).add(tp.topic)
        for (agent, partition), topics in partitions.items():
            if missing := set(self._agents[agent].topics) - topics:
                raise RuntimeError(f"expected all inputs of {agent}/{partition} in one process, found {sorted(missing)} elsewhere")
        return set(partitions)

    def _position(self, tp: TP) -> int:
        return self._owners[self._agent_of[tp.topic].name, tp.partition].positions.get(tp.topic, 0)

    async def _new_owners(self, identities: set[tuple[str, int]]) -> list[Owner]:
        if not identities:
            return []
        loop = asyncio.get_running_loop()
        began = time.monotonic()
        # First every producer: it fences the old owner and ends what that one left open. Only then are the checkpoints final.
        ordered = sorted(identities)
        producers = await asyncio.gather(*(loop.run_in_executor(self._threads, self._fence, *identity) for identity in ordered))
        by_partition: dict[int, list[str]] = {}
        for agent, partition in ordered:
            by_partition.setdefault(partition, []).append(agent)
        topic = self._settings.checkpoints_topic
        read = await asyncio.gather(
            *(
                loop.run_in_executor(self._threads, read_checkpoints, self._clients, topic, p, names)
                for p, names in by_partition.items()
            )
        )
        checkpoints = dict(zip(by_partition, read, strict=True))
        owners = [
            self._restored(agent, partition, producer, checkpoints[partition][agent])
            for (agent, partition), producer in zip(ordered, producers, strict=True)
        ]
        log.info("took over %d partitions in %.2f s", len(owners), time.monotonic() - began)
        return owners

    def _fence(self, agent: str, partition: int) -> TransactionalProducer:
        producer = self._clients.transactional_producer(f"{agent}/{partition}")
        producer.init_transactions(60.0)
        return producer

    def _restored(self, agent: str, partition: int, producer: TransactionalProducer, checkpoint: Checkpoint) -> Owner:
        fold = self._agents[agent].fold(partition)
        fold.restore(checkpoint.state)
        log.info("%s/%d goes on at %s with %d state keys", agent, partition, checkpoint.offsets, len(checkpoint.state))
        return Owner(agent, partition, fold, producer, checkpoint.offsets, self._settings)

    async def _drop(self, owner: Owner) -> None:
        async with owner.committing:
            if owner.flush_task is not None:
                owner.flush_task.cancel()
        await asyncio.get_running_loop().run_in_executor(self._threads, owner.producer.flush, 1.0)

    # -- work ---------------------------------------------------------------------------------------------------------

    async def process(self, tp: TP, chunk: Chunk, reread: Reread) -> None:
        """Fold the records of a chunk that were not folded before."""
        owner = self._owners.get((self._agent_of[tp.topic].name, tp.partition))
        if owner is None:
            return  # revoked while the chunk waited: its new owner reads it
        position = owner.positions.get(tp.topic, 0)
        if chunk.follows > position:
            log.warning("%s: a chunk follows %d and the state is at %d: reading again", tp, chunk.follows, position)
            await reread(tp, position)
            return
        records = chunk.since(position)
        if not records:
            return
        began = time.perf_counter()
        with self._tracing.span(f"{owner.agent} fold", (record.headers for record in records)) as trace_headers:
            owner.fold.apply(tp.topic, records)
        owner.trace_headers = trace_headers
        owner.folded(tp.topic, chunk.next_offset, len(records))
        newest = records[-1].timestamp * 1000
        self._observer.folded(owner.agent, tp.topic, tp.partition, len(records), time.perf_counter() - began, newest)
        if (watermark := owner.fold.watermark()) is not None:
            self._observer.watermark(owner.agent, tp.partition, watermark)
        if owner.unflushed_records > self._settings.unflushed_records_max:
            await self._commit(owner)  # back-pressure: reading waits for the broker

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
            emission, moved = owner.take()
            try:
                seconds = await asyncio.get_running_loop().run_in_executor(self._threads, owner.commit, emission, moved)
            except KafkaException as error:
                # Fenced, or the outcome is unknown: memory is ahead of the log. Only a fresh owner knows the truth.
                self._end_process(f"{owner.agent}/{owner.partition}: the transaction failed: {error}")
                raise
        self._observer.committed(owner.agent, owner.partition, len(emission.outputs), len(emission.changes), seconds)

"""Faust over whole fetched chunks: one event for each chunk, not for each record.

Faust pays four asyncio tasks for every event it hands to an agent. With a chunk as the event that cost is paid once for up to
``max_chunk`` records. The private names of Faust used here are listed in ``PRIVATE_NAMES``; a contract test checks each,
so that an upgrade of Faust fails loudly instead of losing data quietly.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

import faust
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from faust.transport.consumer import ensure_TP
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams.transport.chunk import Chunk
from streams.transport.company import Company

_FETCH_S = 1.0

PRIVATE_NAMES: Mapping[str, tuple[str, ...]] = {
    "consumer methods": (
        "_drain_messages",
        "_wait_next_records",
        "_new_offset",
        "_seek",
        "_new_consumer_thread",
        "perform_seek",
        "seek_to_committed",
        "wait_first",
        "on_partitions_revoked",
        "assignment",
    ),
    "consumer attributes": ("_read_offset", "_acked", "_acked_index", "_stopped", "flow_active", "suspend_flow", "callback"),
    "thread methods": ("_create_worker_consumer", "_fetch_records"),
}
"""What of Faust 0.15.3 this module overrides or reads."""


class Positions(Protocol):
    """Who decides where each partition goes on: the exactly-once runner."""

    async def take_over(self, assigned: set[TP]) -> Mapping[TP, int]:
        """Become the owner of the assigned partitions; return the offset at which each goes on."""

    def may_wait(self, tp: TP, records: Sequence[Any]) -> bool:
        """Whether nobody would notice if fetched records were handed out a little later."""

    async def release(self) -> None:
        """End what is being committed and begin nothing new until partitions are taken over again."""


class ChunkSchema(faust.Schema):  # type: ignore[type-arg]  # generic only in its annotations
    """Hands the chunk to the agent as it is."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> Any:  # noqa: ARG002
        return message.key

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:  # noqa: ARG002
        return message.value


class ChunkConsumer(driver.Consumer):
    """Puts chunks, not records, on the agents' channels, and starts each partition where the runner says."""

    max_chunk: ClassVar[int] = 2000
    """Records of one chunk at the most: between chunks, heartbeats and timers have their turn."""

    positions: ClassVar[Positions]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._handed_out: dict[TP, deque[int]] = defaultdict(deque)
        """Last offset of each chunk handed out and not yet acknowledged, in order."""
        self._follows: dict[TP, int] = {}
        """Position that the next chunk handed out continues from."""
        self._company = Company(self.positions.may_wait)
        super().__init__(*args, **kwargs)

    async def _drain_messages(self, fetcher: Any) -> None:
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):  # noqa: SLF001
                await self._hand_out_fetched()
        except self.consumer_stopped_errors:
            if not self.transport.app.should_stop:
                raise

    async def _hand_out_fetched(self) -> None:
        generation = self.app.consumer_generation_id
        fetched, _ = await self._wait_next_records(self._company.patience_s(self.loop.time(), _FETCH_S))
        if not self.flow_active:
            if fetched:
                await self.perform_seek()
                self._handed_out.clear()
            return
        due = self._company.join({ensure_TP(tp): records for tp, records in (fetched or {}).items()}, self.loop.time())
        if not due:
            await asyncio.sleep(0)
        for tp, records in due.items():
            for start in range(0, len(records), self.max_chunk):
                chunk = records[start : start + self.max_chunk]
                if generation != self.app.consumer_generation_id or not self.flow_active:
                    if tp in self.assignment():  # read but not handed out: the position has moved on, so go back
                        await self._seek(tp, chunk[0].offset)
                    break
                await self._hand_out(tp, chunk, generation)

    async def _hand_out(self, tp: TP, records: list[Any], generation: int) -> None:
        last = records[-1]
        chunk = Chunk(tp.topic, tp.partition, self._follows.get(tp, records[0].offset), records)
        message = ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            [],
            last.key,
            chunk,  # type: ignore[arg-type]  # the schema above hands it on untouched
            None,
            0,
            0,
            tp,
            generation_id=generation,
        )
        self._follows[tp] = last.offset + 1
        self._handed_out[tp].append(last.offset)
        # wait_first lets a rebalance abandon a blocked hand-over; once for each chunk it costs little.
        await self.wait_first(self.callback(message), self.suspend_flow.wait())
        self._read_offset[tp] = last.offset
        await asyncio.sleep(0)

    def _new_offset(self, tp: TP) -> int | None:
        """Return the offset to commit for lag tools: after the last chunk before which all are acknowledged.

        This, not ``ack``, is what has to be overridden: Faust's compiled stream iterator inlines ``ack``.
        """
        done, handed_out, last = self._acked_index[tp], self._handed_out[tp], None
        while handed_out and handed_out[0] in done:
            last = handed_out.popleft()
            done.discard(last)
        self._acked[tp][:] = done
        return None if last is None else last + 1

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        for tp in revoked:
            self._handed_out.pop(tp, None)
            self._company.forget(tp)
        # Before the group moves on: a commit that the next owner's fencing overtakes would end this process.
        await self.positions.release()
        await super().on_partitions_revoked(revoked)

    async def reread(self, tp: TP, offset: int) -> None:
        """Go back to an offset: what was handed out since then was dropped on the way, as a rebalance does."""
        self._company.forget(tp)
        await self._seek(tp, offset)
        self._follows[tp] = offset

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go on where the runner's checkpoints say; the offsets of the group are for lag tools only."""
        committed = await super().seek_to_committed()
        positions = await self.positions.take_over(set(self.assignment()))
        for tp, offset in positions.items():
            await self.reread(tp, offset)
        return {**committed, **positions}

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return ChunkConsumerThread(self, loop=self.loop, beacon=self.beacon)


class ChunkConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that owns the aiokafka consumer, with the settings that Faust hard-codes otherwise."""

    async def _fetch_records(self, consumer: Any, active_partitions: Any, timeout: Any = None, max_records: Any = None) -> Any:  # noqa: ASYNC109
        """Fetch with the records as aiokafka's C code parses them: wrapping each in a ConsumerRecord is a quarter of the cost."""
        for fetched in consumer._fetcher._records.values():  # noqa: SLF001
            records = getattr(fetched, "_partition_records", None)
            if records is not None:
                records._consumer_record = _as_parsed  # noqa: SLF001
        return await super()._fetch_records(consumer, active_partitions, timeout=timeout, max_records=max_records)

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        conf = self.app.conf
        self._assignor = RangePartitionAssignor
        return AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            # Range gives partition n of every topic to the same member where the topics have as many partitions:
            # an owner needs all of its inputs.
            partition_assignment_strategy=[RangePartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=conf.broker_max_poll_records,
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_wait_ms=500,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            check_crcs=conf.broker_check_crcs,
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            isolation_level="read_committed",
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
            **driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )


def _as_parsed(_: Any, record: Any) -> Any:
    return record


def chunk_transport(app: faust.App, broker_url: Any, positions: Positions) -> driver.Transport:
    """Return a transport for one app whose consumer hands out chunks from where the positions say."""
    consumer = type("AppChunkConsumer", (ChunkConsumer,), {"positions": positions})
    transport = type("ChunkTransport", (driver.Transport,), {"Consumer": consumer})
    made: driver.Transport = transport([broker_url], app=app)
    return made

"""Whatever comes between: an agent folds each record of its inputs once and in order, its own process's as well as others'."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.fold import Emission, InputRecord, Output
from streams.runner.exactly_once import Agent, ExactlyOnceRunner
from streams.runner.owner import CommitSettings
from streams.transport.chunk import Chunk
from tests.fakes.marked_log import MarkedLog

PARTITION = 0
TOPICS = ("in", "mid", "side")


class Numbering:
    """Says what it reads, with a running number that is its state."""

    def __init__(self, name: str, out: str) -> None:
        self._name, self._out, self._number = name, out, 0
        self._outputs: list[Output] = []

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        self._number = int(state.get(b"number", b"0"))

    def apply(self, topic: str, records: Sequence[InputRecord]) -> None:
        for record in records:
            assert record.value is not None
            value = b"%s%d(%s)" % (self._name.encode(), self._number, record.value)
            self._number += 1
            if topic != "side":  # a topic that an agent folds without saying anything
                self._outputs.append(Output(self._out, b"ES", value, [], PARTITION))

    def has_outputs(self) -> bool:
        return bool(self._outputs)

    def drain(self) -> Emission:
        outputs, self._outputs = self._outputs, []
        return Emission(outputs, {b"number": b"%d" % self._number})

    def watermark(self) -> int | None:
        return None


class Watching:
    def __init__(self) -> None:
        self.folds: list[tuple[str, str, int]] = []

    def folded(self, agent: str, topic: str, partition: int, records: int, seconds: float, newest: int) -> None:  # noqa: ARG002
        self.folds.append((agent, topic, records))

    def committed(self, agent: str, partition: int, outputs: int, changes: int, seconds: float) -> None: ...

    def watermark(self, agent: str, partition: int, event_time: int) -> None: ...


@dataclass
class World:
    """A log, the worker of the moment, and how far its consumer has read."""

    log: MarkedLog = field(default_factory=MarkedLog)
    watching: Watching = field(default_factory=Watching)
    ended: list[str] = field(default_factory=list)
    read: dict[str, int] = field(default_factory=dict)
    """Next offset that the consumer fetches."""
    handed_out: dict[str, int] = field(default_factory=dict)
    """What the next chunk follows."""

    async def start(self) -> None:
        agents = [
            Agent("a", ("in",), lambda _: Numbering("a", "mid")),
            Agent("b", ("mid", "side"), lambda _: Numbering("b", "out")),
        ]
        at_once = CommitSettings(unflushed_records_max=0, checkpoints_topic="checkpoints")
        self.runner = ExactlyOnceRunner(agents, self.log, self.watching, self.ended.append, at_once)
        await self.rebalance()

    async def rebalance(self) -> None:
        """Keep the partition: what got lost on the way is read again."""
        positions = await self.runner.take_over({TP(topic, PARTITION) for topic in TOPICS})
        for tp, position in positions.items():
            await self.reread(tp, position)

    async def reread(self, tp: TP, offset: int) -> None:
        self.read[tp.topic] = self.handed_out[tp.topic] = offset

    async def fetch(self, topic: str, *, lost: bool = False) -> bool:
        """Hand the worker what a fetch brings, as one chunk; a rebalance may lose it on the way."""
        records = self.log.visible(topic, PARTITION, self.read[topic])
        if not records:
            return False
        follows = self.handed_out[topic]
        self.read[topic] = self.handed_out[topic] = records[-1].offset + 1
        if not lost:
            await self.runner.process(TP(topic, PARTITION), Chunk(topic, PARTITION, follows, records), self.reread)
        return True

    async def read_to_the_end(self) -> None:
        while any([await self.fetch(topic) for topic in TOPICS]):
            pass

    def others_write(self, topic: str, value: bytes, *, transactional: bool) -> None:
        self.log.write(topic, PARTITION, value)
        if transactional:
            self.log.append((topic, PARTITION), None, None, [], "marker")

    def values(self, topic: str) -> list[bytes | None]:
        return [kept.value for kept in self.log.visible(topic, PARTITION)]


def run(scenario: Callable[[World], Any]) -> World:
    async def whole() -> World:
        world = World()
        await world.start()
        await scenario(world)
        await world.runner.close()
        return world

    return asyncio.run(whole())


def test_a_record_goes_through_all_agents_in_one_transaction() -> None:
    async def scenario(world: World) -> None:
        for value in (b"x", b"y"):
            world.log.write("in", PARTITION, value)
            await world.fetch("in")

    world = run(scenario)

    assert [b"b0(a0(x))", b"b1(a1(y))"] == world.values("out")
    assert 2 == world.log.commits


def test_what_was_handed_over_is_not_folded_again_when_it_is_fetched() -> None:
    async def scenario(world: World) -> None:
        world.log.write("in", PARTITION, b"x")
        await world.fetch("in")
        assert await world.fetch("mid")

    assert [b"b0(a0(x))"] == run(scenario).values("out")


def test_what_others_wrote_to_the_topic_in_between_is_folded_first() -> None:
    async def scenario(world: World) -> None:
        world.others_write("mid", b"vendor", transactional=False)
        world.log.write("in", PARTITION, b"x")
        await world.fetch("in")
        assert [] == world.values("out")
        await world.read_to_the_end()

    assert [b"b0(vendor)", b"b1(a0(x))"] == run(scenario).values("out")


def test_after_others_have_written_records_are_handed_over_again() -> None:
    async def scenario(world: World) -> None:
        world.others_write("mid", b"vendor", transactional=True)
        for value in (b"x", b"y"):
            world.log.write("in", PARTITION, value)
            await world.read_to_the_end()

    world = run(scenario)

    assert [b"b0(vendor)", b"b1(a0(x))", b"b2(a1(y))"] == world.values("out")
    assert [("b", "mid", 2), ("a", "in", 1), ("b", "mid", 1)] == world.watching.folds[1:]


def test_a_fold_that_breaks_off_within_a_transaction_ends_the_process() -> None:
    class Breaking(Numbering):
        def apply(self, topic: str, records: Sequence[InputRecord]) -> None:
            if topic == "mid":
                raise ZeroDivisionError
            super().apply(topic, records)

    async def scenario() -> list[str]:
        world = World()
        await world.start()
        world.runner.owners[PARTITION].stages[1].fold = Breaking("b", "out")
        world.log.write("in", PARTITION, b"x")
        with pytest.raises(ZeroDivisionError):
            await world.fetch("in")
        return world.ended

    [reason] = asyncio.run(scenario())

    assert "ZeroDivisionError" in reason


def test_a_worker_that_gets_a_part_of_the_inputs_only_leaves() -> None:
    world = World()
    runner = ExactlyOnceRunner(
        [Agent("b", ("mid", "side"), lambda _: Numbering("b", "out"))], world.log, world.watching, world.ended.append
    )

    with pytest.raises(RuntimeError, match=r"found \['side'\] elsewhere"):
        asyncio.run(runner.take_over({TP("mid", PARTITION)}))
    assert "all workers of a group run the same agents" in world.ended[0]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("input"), st.integers(1, 3)),
        st.tuples(st.just("vendor"), st.booleans()),
        st.tuples(st.just("vendor within"), st.booleans()),
        st.tuples(st.just("side"), st.booleans()),
        st.tuples(st.just("fetch"), st.sampled_from(TOPICS)),
        st.tuples(st.just("lose"), st.sampled_from(TOPICS)),
        st.tuples(st.just("kill"), st.booleans()),
    ),
    max_size=25,
)


@given(steps)
def test_each_record_is_folded_once_and_in_order(taken: list[tuple[str, Any]]) -> None:
    async def scenario(world: World) -> None:
        for number, (what, detail) in enumerate(taken):
            await _take(world, b"%d" % number, what, detail)
        world.log.before_append = None
        await world.rebalance()
        await world.read_to_the_end()
        assert [] == world.ended

    world = run(scenario)
    mid, out = world.values("mid"), world.values("out")

    assert [b"a%d(%s)" % (n, value) for n, value in enumerate(world.values("in"))] == [v for v in mid if v and v[:1] == b"a"]
    assert [value.split(b"(", 1)[1][:-1] for value in out if value] == mid
    numbers = [int(value[1:].split(b"(", 1)[0]) for value in out if value]
    assert sorted(set(numbers)) == numbers
    assert max(numbers, default=-1) < len(mid) + len(world.values("side"))


async def _take(world: World, name: bytes, what: str, detail: Any) -> None:
    if what == "input":
        for _ in range(detail):
            world.log.write("in", PARTITION, b"i" + name)
    elif what == "vendor":
        world.others_write("mid", b"v" + name, transactional=detail)
    elif what == "vendor within":  # while a transaction of ours is being written
        world.log.before_append = _once_before_mid(world, b"w" + name, transactional=detail)
    elif what == "side":
        world.others_write("side", b"s" + name, transactional=detail)
    elif what == "kill":
        [owner] = world.runner.owners.values()
        assert owner.flush_task is not None
        owner.flush_task.cancel()
        if detail:  # with a transaction open
            owner.producer.begin_transaction()
            owner.producer.produce("mid", b"never", b"ES", partition=PARTITION)
        await world.start()
    else:
        await world.fetch(detail, lost=what == "lose")


def _once_before_mid(world: World, value: bytes, *, transactional: bool) -> Callable[[str], None]:
    def write(topic: str) -> None:
        if topic == "mid":
            world.log.before_append = None
            world.others_write("mid", value, transactional=transactional)

    return write

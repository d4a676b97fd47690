"""What a runner stores at once: records of a topic by partition, and how far they move each partition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from projections.intake import Partition
from projections.offsets import Claim, Move
from projections.ports import BadRecord, Message
from projections.records import Flaw, Records


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in the order of ``records``: partition by partition, by offset."""

    topic: str
    messages: Sequence[Message]
    records: Records
    moves: tuple[Move, ...]

    def halves(self) -> tuple["Batch", "Batch"]:
        """Return two batches that are this one together, to be stored one after the other."""
        middle = len(self.messages) // 2
        cut_partition, cut_offset = int(self.records.partitions[middle]), int(self.records.offsets[middle])
        before = tuple(
            move if move.partition < cut_partition else replace(move, next_offset=cut_offset)
            for move in self.moves
            if move.partition < cut_partition or (move.partition == cut_partition and move.first_offset < cut_offset)
        )
        begun = {move.partition: move.next_offset for move in before}
        after = tuple(
            replace(move, first_offset=begun.get(move.partition, move.first_offset))
            for move in self.moves
            if begun.get(move.partition) != move.next_offset
        )
        return (
            Batch(self.topic, self.messages[:middle], self.records.part(0, middle), before),
            Batch(self.topic, self.messages[middle:], self.records.part(middle, len(self.messages)), after),
        )

    def appended_at(self) -> dict[int, tuple[float, float]]:
        """Return the append times of the first and the last record of each partition, in seconds since the Unix epoch."""
        partitions = [move.partition for move in self.moves]
        firsts = np.searchsorted(self.records.partitions, partitions, "left").tolist()
        ends = np.searchsorted(self.records.partitions, partitions, "right").tolist()
        bounds = zip(partitions, firsts, ends, strict=True)
        return {partition: (self._appended_at(first), self._appended_at(end - 1)) for partition, first, end in bounds}

    def bad_record(self, projection: str, flaw: Flaw) -> BadRecord:
        """Return a record that cannot be processed as it came."""
        message = self.messages[flaw.index]
        return BadRecord(
            projection=projection,
            topic=self.topic,
            partition=int(self.records.partitions[flaw.index]),
            offset=int(self.records.offsets[flaw.index]),
            key=message.key(),
            value=message.value(),
            headers=tuple(message.headers() or ()),
            appended_at=message.timestamp()[1] * 1000,
            code=flaw.code,
            message=flaw.message,
        )

    def _appended_at(self, index: int) -> float:
        return self.messages[index].timestamp()[1] / 1000


@dataclass(slots=True)
class Position:
    """Where a partition that is ours stands."""

    epoch: int
    next_offset: int
    """Behind what is stored."""
    read: int
    """Behind what is stored or about to be."""
    stored_until: float | None = None
    """Append time of the last record stored, in seconds since the Unix epoch."""
    waiting_since: float | None = None
    """Append time of the first record that is about to be stored."""

    @classmethod
    def of(cls, claim: Claim) -> Self:
        """Return where a partition that was taken over stands."""
        return cls(claim.epoch, claim.next_offset, claim.next_offset)

    def late_s(self, now: float, at_end: bool) -> float:
        """Return how far behind the partition is in seconds: the age of what waits, or of the last record stored."""
        if self.waiting_since is not None:
            return max(0.0, now - self.waiting_since)
        return 0.0 if at_end or self.stored_until is None else max(0.0, now - self.stored_until)

    def resume(self) -> int:
        """Return where to read on from: behind what is stored, whatever was read beyond it."""
        self.read = self.next_offset
        return self.read


def batch_of(topic: str, messages: Sequence[Message], positions: Mapping[Partition, Position]) -> Batch | None:
    """Return the batch that messages make; None where nothing is new. What lies before a position was stored already."""
    partitions = np.array([message.partition() for message in messages], np.int32)
    offsets = np.array([message.offset() for message in messages], np.int64)
    order = np.argsort(partitions, kind="stable")
    kept: list[NDArray[np.intp]] = []
    moves: list[Move] = []
    for partition in np.unique(partitions).tolist():
        at = positions.get((topic, partition))
        if at is None:
            continue
        own = order[np.searchsorted(partitions, partition, "left", order) : np.searchsorted(partitions, partition, "right", order)]
        own = own[_new(offsets[own], at.read)]
        if len(own):
            kept.append(own)
            moves.append(Move(topic, partition, at.epoch, at.read, int(offsets[own[-1]]) + 1))
    if not kept:
        return None
    rows = np.concatenate(kept)
    chosen = [messages[row] for row in rows.tolist()]
    records = Records(partitions[rows], offsets[rows], [message.value() for message in chosen])
    return Batch(topic, chosen, records, tuple(moves))


def _new(offsets: NDArray[np.int64], position: int) -> NDArray[np.bool_]:
    """Tell which offsets are past the position and past all before them: a record may be handed out twice."""
    highest = np.maximum.accumulate(np.concatenate(([position - 1], offsets)))
    return np.asarray(offsets > highest[:-1])

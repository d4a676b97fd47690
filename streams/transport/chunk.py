"""A chunk: the unit in which agents receive records."""

from collections.abc import Sequence
from dataclasses import dataclass

from streams.fold import InputRecord


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records of one topic partition in offset order, and the position that they continue from.

    In a topic that is written in transactions, markers take offsets too: consecutive offsets prove nothing. What a chunk
    *follows* does: a chunk whose ``follows`` is not where the state stands was preceded by one that got lost on the way.
    """

    topic: str
    partition: int
    follows: int
    records: Sequence[InputRecord]

    @property
    def next_offset(self) -> int:
        """Return the position after the chunk."""
        return self.records[-1].offset + 1

    def since(self, offset: int) -> Sequence[InputRecord]:
        """Return the records at or after an offset: what came before was folded already."""
        if self.records[0].offset >= offset:
            return self.records
        if self.records[-1].offset < offset:
            return []
        return [record for record in self.records if record.offset >= offset]

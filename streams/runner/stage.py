"""One agent of an owner: its fold, and where it stands in each of its inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.headers import Headers
from streams.fold import Emission, Fold, InputRecord, PatientFold, WaitingFold


@dataclass(frozen=True, slots=True)
class Written:
    """An output as a reader will see it once its transaction is committed: an input record for the agent that reads it."""

    key: bytes | None
    value: bytes | None
    headers: Headers
    offset: int
    """-1 where the broker did not tell it: a request that it had already carried out is answered without."""
    timestamp: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What a transaction has to hold of an agent."""

    agent: str
    emission: Emission
    moved: Mapping[str, int]
    """Next offset of each input that moved."""
    trace_headers: Headers

    @property
    def is_empty(self) -> bool:
        return not (self.emission.outputs or self.emission.changes or self.moved)


class Stage:
    """Folds records of an agent's inputs, each once and in order."""

    def __init__(self, agent: str, topics: Sequence[str], fold: Fold, offsets: Mapping[str, int]) -> None:
        self.agent = agent
        self.topics = frozenset(topics)
        self.fold = fold
        self.positions = dict(offsets)
        """Next offset of each input topic, as folded; what is committed may be behind."""
        self.trace_headers: Headers = []
        """Carry the trace of the newest chunk on to what is made of it; empty while tracing is off."""
        self.waiting = fold if isinstance(fold, WaitingFold) else None
        """The fold, where it waits for some of its inputs. Asked once: looking a protocol up takes its time."""
        self._patient = fold if isinstance(fold, PatientFold) else None
        self._moved: set[str] = set()
        self._last_written: dict[str, int] = {}

    def position(self, topic: str) -> int:
        """Return the next offset of an input topic."""
        return self.positions.get(topic, 0)

    def may_wait(self, topic: str, records: Sequence[InputRecord]) -> bool:
        """Whether nobody would notice if records were folded a little later."""
        if records[-1].offset < self.position(topic):
            return True  # handed over within a transaction, and folded then
        return self._patient is not None and self._patient.may_wait(topic, records)

    def fold_records(self, topic: str, records: Sequence[InputRecord], next_offset: int) -> None:
        """Fold records that continue the position of their topic."""
        self.fold.apply(topic, records)
        self.positions[topic] = next_offset
        self._moved.add(topic)

    def take(self) -> Taken:
        """Return what the next transaction has to hold. From here on memory is ahead of the log until it is committed."""
        moved = {topic: self.positions[topic] for topic in self._moved}
        self._moved.clear()
        return Taken(self.agent, self.fold.drain(), moved, self.trace_headers)

    def continues(self, topic: str, written: Sequence[Written]) -> bool:
        """Whether what this process has written to an input is what comes next there, without a gap.

        Offsets alone prove little, since the markers of transactions take some. Nothing is missing at the very position. One
        offset may be missing where the position is right behind what this process wrote last: that transaction is committed,
        so its marker lies between, and there is no room for anything else.
        """
        first, position = written[0].offset, self.position(topic)
        is_next = first == position or (first == position + 1 and self._last_written.get(topic) == position - 1)
        return is_next and all(one.offset == first + place for place, one in enumerate(written))

    def note_written(self, topic: str, offset: int) -> None:
        """Note the last offset that a committed transaction of this process wrote to an input."""
        self._last_written[topic] = offset

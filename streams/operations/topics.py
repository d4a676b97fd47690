"""What the topics of the catalogue hold."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from schemas.topics import TopicSpec
from streams.exports.reading import watermarks
from streams.ports import Reader

_TIMEOUT_S = 15.0


class Metadata(Protocol):
    """Anything that knows the topics: a consumer, a producer, an admin client of confluent_kafka."""

    def list_topics(self, topic: str | None = None, timeout: float = -1) -> Any:
        """Return confluent_kafka's ClusterMetadata."""


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as it is."""

    name: str
    key: str
    events: tuple[str, ...]
    doc: str
    partitions: int
    """0 where the topic does not exist."""
    first_offsets: tuple[int, ...]
    end_offsets: tuple[int, ...]
    """Up to which readers of committed records can read."""

    @property
    def offsets(self) -> int:
        """Return how many offsets are held: records, and the markers of transactions."""
        return sum(self.end_offsets) - sum(self.first_offsets)


def topic_states(metadata: Metadata, reader: Reader, specs: Iterable[TopicSpec]) -> list[TopicState]:
    """Return the state of each topic; the reader is one of committed records. KafkaException where the brokers do not answer."""
    known = metadata.list_topics(timeout=_TIMEOUT_S).topics
    states = []
    for spec in specs:
        found = len(known[spec.name].partitions) if spec.name in known else 0
        ranges = [watermarks(reader, spec.name, partition) for partition in range(found)]
        events = tuple(event.TYPE for event in spec.events)
        first, ends = tuple(low for low, _ in ranges), tuple(high for _, high in ranges)
        states.append(TopicState(spec.name, spec.key, events, spec.doc, found, first, ends))
    return states

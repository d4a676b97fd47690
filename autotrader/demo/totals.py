"""How many events of each kind the topics hold, read as any consumer reads them: committed records only, from the first on."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from schemas.codec import PREFIX_BYTES, Codec
from schemas.events.market import ClockAdvanced
from schemas.events.recommendations import RecommendationMade
from schemas.topics import RECOMMENDATIONS
from streams.exports.reading import spans
from streams.ports import Reader

_BATCH = 5_000
_TIMEOUT_S = 30.0
_LOOK_S = 0.05


@dataclass(slots=True)
class Counts:
    """What was counted so far."""

    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By topic and event type; an empty type where the record names no known schema."""
    actions: Counter[str] = field(default_factory=Counter)
    """Recommendations by action."""
    explained: int = 0
    """Recommendations with a summary and sentences."""
    idle_clocks: int = 0
    """Clocks that were stated because a source had fallen silent."""
    first_recommendation_s: float | None = None
    """When the first recommendation was seen, on the monotonic clock."""

    def of(self, topic: str, event_type: str | None = None) -> int:
        """Return how many events of a type a topic holds; None: all."""
        events = dict(self.events)  # a copy: another thread counts on
        return sum(n for (t, e), n in events.items() if t == topic and event_type in (None, e))

    def __or__(self, other: "Counts") -> "Counts":
        """Return what both have counted, of different topics."""
        return Counts(
            self.events + other.events,
            self.actions + other.actions,
            self.explained + other.explained,
            self.idle_clocks + other.idle_clocks,
            self.first_recommendation_s or other.first_recommendation_s,
        )


class Counting:
    """Counts the records of a message stream; knows nothing of where they come from."""

    def __init__(self, codec: Codec) -> None:
        self.counts = Counts()
        self._codec = codec
        self._type_of = {
            b"\x00" + version.id.to_bytes(PREFIX_BYTES - 1, "big"): version.type for version in codec.catalogue.versions
        }

    def add(self, topic: str, values: Iterable[bytes | None]) -> None:
        """Count records of a topic."""
        counts, kinds = self.counts, Counter[bytes]()
        for value in values:
            prefix = (value or b"")[:PREFIX_BYTES]
            kinds[prefix] += 1
            kind = self._type_of.get(prefix)
            if kind == RecommendationMade.TYPE and topic == RECOMMENDATIONS:
                self._add_recommendation(value)
            elif kind == ClockAdvanced.TYPE:
                counts.idle_clocks += self._codec.decode_record(value)[1]["reason"] == "idle"
        for prefix, count in kinds.items():
            counts.events[topic, self._type_of.get(prefix, "")] += count

    def _add_recommendation(self, value: bytes | None) -> None:
        counts = self.counts
        record = self._codec.decode_record(value)[1]
        if counts.first_recommendation_s is None:
            counts.first_recommendation_s = time.monotonic()
        counts.actions[record["action"]] += 1
        counts.explained += bool(record["summary"]) and any(record["sentences"])


class TopicTotals:
    """Counts some topics in a thread of its own until it is closed; ``settle`` waits until all that was there is counted."""

    def __init__(self, consumer: Consumer, topics: Iterable[str], codec: Codec) -> None:
        self._consumer = consumer
        self._counting = Counting(codec)
        self._numbers = _partitions(consumer, topics)
        self._reached = {(topic, number): 0 for topic, numbers in self._numbers.items() for number in numbers}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="totals", daemon=True)

    @property
    def counts(self) -> Counts:
        """What was counted so far."""
        return self._counting.counts

    def start(self) -> None:
        """Begin."""
        self._consumer.assign([TopicPartition(*place, 0) for place in self._reached])
        self._thread.start()

    def close(self) -> None:
        """End the thread and the consumer."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(_TIMEOUT_S)
        self._consumer.close()

    def settle(self, reader: Reader, check: Callable[[], None]) -> None:
        """Return when everything that is there now is counted; ``check`` is called meanwhile and may raise.

        The reader is another consumer: one that consumes in another thread does not answer where a partition ends.
        """
        ends = [end for topic, numbers in self._numbers.items() for end in spans(reader, topic, numbers)]
        while any(self._reached[end.topic, end.partition] < end.end for end in ends):
            check()
            if not self._thread.is_alive():
                raise TimeoutError("expected the topics to be countable, found that reading them has ended")
            time.sleep(_LOOK_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            values: dict[str, list[bytes | None]] = {}
            reached: dict[tuple[str, int], int] = {}
            messages: list[Any] = self._consumer.consume(_BATCH, 0.1)
            for message in messages:
                error = message.error()
                if error is None:
                    values.setdefault(message.topic(), []).append(message.value())
                    reached[message.topic(), message.partition()] = message.offset() + 1
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  # the library's own name for it
                    reached[message.topic(), message.partition()] = message.offset()
            for topic, records in values.items():
                self._counting.add(topic, records)
            self._reached.update(reached)


def _partitions(consumer: Consumer, topics: Iterable[str]) -> dict[str, list[int]]:
    """Return the partitions of some topics; KafkaException where a topic is missing."""
    numbers = {}
    for topic in topics:
        found = consumer.list_topics(topic, timeout=_TIMEOUT_S).topics[topic]
        if found.error is not None:
            raise KafkaException(found.error)
        numbers[topic] = sorted(found.partitions)
    return numbers

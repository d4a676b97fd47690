"""How far each role is behind: in records, and in seconds since the oldest record that it has not read was appended."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, TopicPartition

from schemas.topics import CHECKPOINTS
from streams.exports.reading import spans
from streams.ports import Clients, Reader
from streams.runner.checkpoints import read_checkpoints

_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a role goes on in a partition of one of its inputs; None where it has never begun."""

    role: str
    topic: str
    partition: int
    position: int | None


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a role is behind in one partition."""

    place: Place
    end: int
    """Offset before which readers of committed records can read now."""
    records: int
    """At most so many are unread: the markers of transactions take offsets too. 0 where nothing but markers follows."""
    seconds: float
    """Since the oldest unread record was appended; 0 where there is none."""


def agent_places(
    clients: Clients, inputs: Mapping[str, Sequence[str]], partitions: Mapping[str, int], checkpoints: str = CHECKPOINTS
) -> list[Place]:
    """Return where agents, given with their input topics, go on according to their checkpoints."""
    places = []
    numbers = max((partitions[topic] for topics in inputs.values() for topic in topics), default=0)
    for number in range(min(numbers, partitions[checkpoints])):
        found = read_checkpoints(clients, checkpoints, number, inputs)
        for agent, topics in inputs.items():
            places += [Place(agent, t, number, found[agent].offsets.get(t)) for t in topics if number < partitions[t]]
    return sorted(places, key=lambda place: (place.role, place.topic, place.partition))


def lags(reader: Reader, places: Iterable[Place], now_ms: int) -> list[Lag]:
    """Return how far each place is behind; the reader is one of committed records. TimeoutError, KafkaException."""
    wanted = list(places)
    bounds = _bounds(reader, wanted)
    behind = [place for place in wanted if _next(place, bounds) < bounds[place.topic, place.partition][1]]
    oldest: dict[Place, tuple[int, int]] = {}
    for round_ in _rounds(behind):
        oldest |= _first_unread(reader, round_, bounds)
    found = []
    for place in wanted:
        end = bounds[place.topic, place.partition][1]
        offset, timestamp = oldest.get(place, (end, now_ms))
        found.append(Lag(place, end, end - offset, max(0.0, (now_ms - timestamp) / 1000) if offset < end else 0.0))
    return found


def _bounds(reader: Reader, places: Sequence[Place]) -> dict[tuple[str, int], tuple[int, int]]:
    bounds = {}
    for topic, partition in sorted({(place.topic, place.partition) for place in places}):
        [span] = spans(reader, topic, [partition])
        bounds[topic, partition] = (span.first, span.end)
    return bounds


def _next(place: Place, bounds: Mapping[tuple[str, int], tuple[int, int]]) -> int:
    first = bounds[place.topic, place.partition][0]
    return first if place.position is None else max(first, place.position)


def _rounds(places: Iterable[Place]) -> Iterator[list[Place]]:
    """Group places so that each partition occurs once in a round: a consumer has one position in each."""
    left = list(places)
    while left:
        chosen: dict[tuple[str, int], Place] = {}
        for place in left:
            chosen.setdefault((place.topic, place.partition), place)
        yield list(chosen.values())
        left = [place for place in left if chosen[place.topic, place.partition] is not place]


def _first_unread(
    reader: Reader, places: Sequence[Place], bounds: Mapping[tuple[str, int], tuple[int, int]]
) -> dict[Place, tuple[int, int]]:
    """Return offset and append time of the first unread record of each place that has one."""
    waiting = {(place.topic, place.partition): place for place in places}
    reader.assign([TopicPartition(place.topic, place.partition, _next(place, bounds)) for place in places])
    found: dict[Place, tuple[int, int]] = {}
    idle_s = 0.0
    while waiting and idle_s <= _TIMEOUT_S:
        messages = reader.consume(num_messages=100, timeout=0.2)
        idle_s = 0.0 if messages else idle_s + 0.2
        for message in messages:
            error = message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  # the library's own name for it
                raise KafkaException(error)
            place = waiting.pop((message.topic(), message.partition()), None)
            if place is not None and error is None:
                found[place] = (message.offset(), message.timestamp()[1])
    if waiting:
        raise TimeoutError(f"expected the records of {sorted(waiting)} within {_TIMEOUT_S:.0f} s")
    return found

"""What projections need of the outside: stores, the log, and someone who watches. The composition root brings the adapters."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from confluent_kafka import TopicPartition


class StoreError(Exception):
    """A store did not do what it was asked.

    StoreError
    ├── StoreUnavailable      it could not, this time; whether it was done is not known. The same again may go well
    └── StoreRejected         it refused, and will again
        └── ValueRefused      because of a value in the rows; others of the same batch may be fine
    """


class StoreUnavailable(StoreError):  # noqa: N818  (a state, and the name that the adapters are given)
    """The store cannot be reached or gave up; whether the work was done is not known."""


class StoreRejected(StoreError):  # noqa: N818
    """The store refused, and will refuse the same again."""


class ValueRefused(StoreRejected):
    """The store refused because of a value in the rows."""


class Analytics(Protocol):
    """A ClickHouse, embedded or server. Raises StoreUnavailable and StoreRejected."""

    def execute(self, sql: str) -> None:
        """Run one statement."""

    def insert(self, table: str, columns: Mapping[str, Any]) -> None:
        """Insert one block; columns are NumPy arrays (times as int64 microseconds), lists of text or lists of lists of text."""

    def query(self, sql: str, parameters: Mapping[str, object] = ...) -> dict[str, list[Any]]:
        """Return the values of each column; ``{name:Type}`` in the text stands for a parameter."""

    def close(self) -> None:
        """Let go of the store."""


class Message(Protocol):
    """A Kafka record as confluent_kafka hands it out."""

    def topic(self) -> str | None: ...
    def partition(self) -> int | None: ...
    def offset(self) -> int | None: ...
    def key(self) -> Any: ...
    def value(self) -> Any: ...
    def headers(self) -> Any: ...
    def timestamp(self) -> tuple[int, int]: ...
    def error(self) -> Any: ...


class Consumer(Protocol):
    """The part of confluent_kafka's consumer that is used."""

    def subscribe(self, topics: list[str], **callbacks: Callable[[Any, list[TopicPartition]], None]) -> None: ...
    def assign(self, partitions: list[TopicPartition]) -> None: ...
    def consume(self, num_messages: int = ..., timeout: float = ...) -> list[Any]: ...
    def poll(self, timeout: float | None = ...) -> Any: ...
    def pause(self, partitions: list[TopicPartition]) -> None: ...
    def resume(self, partitions: list[TopicPartition]) -> None: ...
    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> Any: ...
    def get_watermark_offsets(self, partition: TopicPartition, *, cached: bool) -> Any: ...
    def close(self) -> None: ...


ConsumerFactory = Callable[[Mapping[str, Any]], Consumer]
"""Opens a consumer; the argument holds the settings that correctness hangs on and wins over the caller's own."""


class DeadLetters(Protocol):
    """Keeps what cannot be processed."""

    def keep(self, letters: Sequence["BadRecord"]) -> None:
        """Return when every letter is written for good; raise otherwise, so that nothing moves past them."""


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that cannot be processed, whole, and why."""

    projection: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    appended_at: int
    """Append time in microseconds since the Unix epoch."""
    code: str
    message: str

    @property
    def place(self) -> tuple[int, int]:
        """Return its partition and offset."""
        return self.partition, self.offset


class Observer(Protocol):
    """Watches a runner: metrics and logs are made of this."""

    def wrote(self, projection: str, records: int, bad: int, seconds: float) -> None:
        """Report that a batch is stored: how many records of it, how many became dead letters, how long it took."""

    def behind(self, projection: str, topic: str, partition: int, records: int, seconds: float) -> None:
        """Report how far a partition is behind its end: in records, and by the append time of the last one stored."""

    def retrying(self, projection: str, attempt: int, delay_s: float, error: Exception) -> None:
        """Report that a store was not available and when it is asked again."""

    def fenced(self, projection: str, error: Exception) -> None:
        """Report that another owner has taken partitions over; the runner joins the group anew."""


class Span(Protocol):
    """A span that has begun."""

    def end(self, attributes: Mapping[str, str | int | Sequence[int]], /) -> None:
        """Say what it was about, and end it. A span that is not ended is told to nobody."""


class Tracing(Protocol):
    """Spans across the log."""

    def begin(self, name: str, headers: Iterable[Sequence[tuple[str, bytes | None]]], /) -> Span:
        """Begin a span that continues the trace which the first of the records' headers carries."""


class NoTracing:
    """Tracing that is off."""

    def begin(self, name: str, headers: Iterable[Sequence[tuple[str, bytes | None]]], /) -> Span:  # noqa: ARG002
        """Return a span that is told to nobody."""
        return self

    def end(self, attributes: Mapping[str, str | int | Sequence[int]], /) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Ambient:
    """What is not a function of the events, given by the composition root."""

    now: Callable[[], float]
    """Seconds since the Unix epoch."""
    monotonic: Callable[[], float]
    """Seconds of a clock that never goes back."""
    jitter: Callable[[], float]
    """A random number, 0 to 1."""

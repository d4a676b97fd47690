"""What the agents need of Kafka, as the composition root provides it."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from schemas.headers import Headers


class TransactionalProducer(Protocol):
    """The part of confluent_kafka.Producer that a transaction needs. Errors are confluent_kafka.KafkaException."""

    def init_transactions(self, timeout: float, /) -> None: ...
    def begin_transaction(self) -> None: ...
    def commit_transaction(self, timeout: float, /) -> None: ...
    def abort_transaction(self, timeout: float, /) -> None: ...
    def produce(self, topic: str, /, value: bytes | None = None, key: bytes | None = None, **options: Any) -> None: ...
    def poll(self, timeout: float, /) -> int: ...
    def flush(self, timeout: float, /) -> int: ...


class Reader(Protocol):
    """The part of confluent_kafka.Consumer that reads a partition to its end."""

    def assign(self, partitions: Sequence[Any], /) -> None: ...
    def consume(self, num_messages: int, timeout: float) -> Sequence[Any]: ...
    def get_watermark_offsets(self, partition: Any, timeout: float) -> tuple[int, int]: ...
    def close(self) -> None: ...


class Clients(Protocol):
    """Opens Kafka clients."""

    def transactional_producer(self, transactional_id: str) -> TransactionalProducer:
        """Return a producer whose id fences every earlier owner of the same id."""

    def reader(self, *, committed: bool) -> Reader:
        """Return a consumer without a group; with partition EOF events; read_committed or not."""


class Tracing(Protocol):
    """Spans across the log."""

    def span(self, name: str, headers: Iterable[Sequence[tuple[str, bytes]]], /) -> AbstractContextManager[Headers]:
        """Run a span that continues the trace which the first of the records' headers carries; gives headers that carry it on."""


class NoTracing:
    """Tracing that is off."""

    def span(self, name: str, headers: Iterable[Sequence[tuple[str, bytes]]], /) -> AbstractContextManager[Headers]:  # noqa: ARG002
        """Return nothing to carry on."""
        return nullcontext([])


class Observer(Protocol):
    """Told what the runner does, for metrics. Must not raise and must not block."""

    def folded(self, agent: str, topic: str, partition: int, records: int, seconds: float, newest_appended_at: int) -> None:
        """Count a folded chunk; the append time of its newest record in microseconds tells how far behind the agent is."""

    def committed(self, agent: str, partition: int, outputs: int, changes: int, seconds: float) -> None:
        """Count a committed transaction."""

    def watermark(self, agent: str, partition: int, event_time: int) -> None:
        """Note how far event time has come, in microseconds since the Unix epoch."""

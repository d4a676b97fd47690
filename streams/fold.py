"""What an agent is: a fold of input records into outputs and state. No clock, no I/O, so that a replay gives the same bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from schemas.headers import Headers


class InputRecord(Protocol):
    """A Kafka record as the consumer hands it out."""

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int:
        """Append time in milliseconds since the Unix epoch."""


@dataclass(frozen=True, slots=True)
class Output:
    """A record to be written in the transaction that commits what it was made from."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers
    partition: int | None = None
    """None: by the key."""


@dataclass(slots=True)
class Emission:
    """What a fold has to say since it was asked last."""

    outputs: list[Output] = field(default_factory=list)
    changes: dict[bytes, bytes | None] = field(default_factory=dict)
    """State by key, as it is now; None where it is gone."""


class Fold(Protocol):
    """State and rules of one agent for one partition number."""

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Take over the state that the last owner committed; called once, before any record."""

    def apply(self, topic: str, records: Sequence[InputRecord]) -> None:
        """Fold records of one topic, in offset order. What cannot be processed becomes a dead letter; never raises for bad data."""

    def has_outputs(self) -> bool:
        """Return whether outputs wait to be drained: then someone waits for the commit."""

    def drain(self) -> Emission:
        """Return outputs and changed state since the last call, and forget them."""

    def watermark(self) -> int | None:
        """Return how far event time has come in microseconds since the Unix epoch, None before the first record."""


@runtime_checkable
class WaitingFold(Protocol):
    """A fold that waits for some of its inputs."""

    def waiting_for(self) -> Mapping[str, int]:
        """Return, by input topic, up to which time something waits for it; empty where nothing waits."""

    def declare_idle(self, topic: str, at: int) -> None:
        """State in the topic that its sources are silent up to a time."""

    def told(self, topic: str) -> int:
        """Return how many records and clocks of real sources the topic has brought so far."""


@runtime_checkable
class PatientFold(Protocol):
    """A fold that knows of records which nobody waits for."""

    def may_wait(self, topic: str, records: Sequence[InputRecord]) -> bool:
        """Return whether records bring no output, as far as a quick look tells. A wrong answer costs time, nothing else."""

"""Projections into Postgres: rows and offsets in one transaction."""

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

import psycopg

from projections.intake import Partition
from projections.offsets import Claim, Move, advance, claim
from projections.patience import RunnerSettings
from projections.ports import Ambient, ConsumerFactory, DeadLetters, Observer, Tracing
from projections.records import Folded, Records
from projections.runner import Runner
from projections.session import Connect, Session
from projections.versions import Projection

R = TypeVar("R")

STATEMENT_TIMEOUT_MS = 15_000


class PostgresView(Protocol[R]):
    """A read model in Postgres."""

    @property
    def projection(self) -> Projection: ...

    def fold(self, records: Records) -> Folded[R]:
        """Return rows of sound records, and what is wrong with the others."""

    def prepare(self, cursor: psycopg.Cursor[Any]) -> None:
        """Make ready what a connection needs once."""

    def write(self, cursor: psycopg.Cursor[Any], rows: R) -> None:
        """Store rows within the caller's transaction."""


class PostgresSink(Generic[R]):
    """Stores a view's rows and its offsets together."""

    def __init__(self, view: PostgresView[R], connect: Connect, timeout_ms: int = STATEMENT_TIMEOUT_MS) -> None:
        self.projection = view.projection
        self._view = view
        self._session = Session(connect, view.prepare, timeout_ms)

    def claim(self, partitions: Sequence[Partition]) -> list[Claim]:
        """Take partitions over, each in a transaction of its own, so that two who take over cannot block each other."""
        return [self._claim(*at) for at in sorted(partitions)]

    def fold(self, records: Records) -> Folded[R]:
        """Return rows of sound records, and what is wrong with the others."""
        return self._view.fold(records)

    def write(self, rows: R, moves: Sequence[Move]) -> None:
        """Store rows and move the offsets in one transaction."""
        with self._session.transaction() as cursor:
            if advance(cursor, self.projection, moves):
                self._view.write(cursor, rows)

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def _claim(self, topic: str, partition: int) -> Claim:
        with self._session.transaction() as cursor:
            return claim(cursor, self.projection, topic, partition)


def postgres_runner(
    view: PostgresView[R],
    connect: Connect,
    open_consumer: ConsumerFactory,
    dead_letters: DeadLetters,
    observer: Observer,
    ambient: Ambient,
    settings: RunnerSettings | None = None,
    tracing: Tracing | None = None,
) -> Runner[R]:
    """Return the runner of a read model in Postgres; ``connect`` opens a connection of its own each time."""
    sink = PostgresSink(view, connect)
    return Runner(sink, open_consumer, dead_letters, observer, ambient, settings or RunnerSettings(), tracing)

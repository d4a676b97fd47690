"""Projections into ClickHouse, which shares no transaction with anything.

The range of offsets of a batch is written to Postgres first, then the rows are inserted, then the range is marked as done and
the offsets move. Whoever takes over and finds a range that is not done cuts exactly that range again and inserts it again:
the tables make one row of rows that are the same.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from projections.intake import Partition
from projections.offsets import Claim, Move, claim, finish, plan
from projections.patience import RunnerSettings
from projections.ports import Ambient, Analytics, ConsumerFactory, DeadLetters, Observer, Tracing
from projections.postgres_runner import STATEMENT_TIMEOUT_MS
from projections.records import Folded, Records
from projections.runner import Runner
from projections.session import Connect, Session
from projections.versions import Projection
from projections.views.series import Columns, taken

MONTHS_MAX = 60
"""Of one insert. ClickHouse refuses more than 100 partitions, and a replay of daily bars spans years."""

CLICKHOUSE_SETTINGS = RunnerSettings(records_max=20_000, wait_s=0.3)
"""Each insert becomes at least one part on disk: fewer and larger ones."""


class ClickHouseView(Protocol):
    """A read model in ClickHouse."""

    @property
    def projection(self) -> Projection: ...
    @property
    def table(self) -> str: ...
    @property
    def partitioned_by(self) -> str:
        """Return the column of microseconds whose month is the table's partition."""

    def fold(self, records: Records) -> Folded[Columns]:
        """Return the columns of sound records, and what is wrong with the others."""


class ClickHouseSink:
    """Stores a view's rows in ClickHouse, and in Postgres where it stands."""

    def __init__(
        self, view: ClickHouseView, analytics: Analytics, connect: Connect, timeout_ms: int = STATEMENT_TIMEOUT_MS
    ) -> None:
        self.projection = view.projection
        self._view = view
        self._analytics = analytics
        self._session = Session(connect, lambda _cursor: None, timeout_ms)

    def claim(self, partitions: Sequence[Partition]) -> list[Claim]:
        """Take partitions over, each in a transaction of its own."""
        return [self._claim(*at) for at in sorted(partitions)]

    def fold(self, records: Records) -> Folded[Columns]:
        """Return the columns of sound records, and what is wrong with the others."""
        return self._view.fold(records)

    def write(self, rows: Columns, moves: Sequence[Move]) -> None:
        """Plan, insert, mark as done. Repeated after any failure it ends the same."""
        with self._session.transaction() as cursor:
            if not plan(cursor, self.projection, moves):
                return
        for block in by_months(rows, self._view.partitioned_by):
            self._analytics.insert(self._view.table, block)
        with self._session.transaction() as cursor:
            finish(cursor, self.projection, moves)

    def close(self) -> None:
        """Let go of the Postgres connection; the analytics store belongs to whoever brought it."""
        self._session.close()

    def _claim(self, topic: str, partition: int) -> Claim:
        with self._session.transaction() as cursor:
            return claim(cursor, self.projection, topic, partition)


def by_months(columns: Columns, time: str, most: int = MONTHS_MAX) -> Iterator[Columns]:
    """Return the columns in blocks of at most ``most`` months each; nothing where there are no rows."""
    times = columns[time]
    if not len(times):
        return
    months = times.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    present = np.unique(months)
    if len(present) <= most:
        yield columns
        return
    for at in range(0, len(present), most):
        some = present[at : at + most]
        rows = np.flatnonzero((months >= some[0]) & (months <= some[-1]))
        yield {name: column[rows] if isinstance(column, np.ndarray) else taken(column, rows) for name, column in columns.items()}


def clickhouse_runner(
    view: ClickHouseView,
    analytics: Analytics,
    connect: Connect,
    open_consumer: ConsumerFactory,
    dead_letters: DeadLetters,
    observer: Observer,
    ambient: Ambient,
    settings: RunnerSettings = CLICKHOUSE_SETTINGS,
    tracing: Tracing | None = None,
) -> Runner[Columns]:
    """Return the runner of a read model in ClickHouse; ``connect`` opens the Postgres connection that keeps its place."""
    sink = ClickHouseSink(view, analytics, connect)
    return Runner(sink, open_consumer, dead_letters, observer, ambient, settings, tracing)

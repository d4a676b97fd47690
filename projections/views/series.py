"""What the time series in ClickHouse have in common: columns, odd records judged apart, the newest of a range."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from projections.ports import Analytics
from projections.records import Flaw, Records
from schemas.codec import CodecError

C = TypeVar("C")
T = TypeVar("T")

Columns = dict[str, Any]
"""NumPy arrays or lists of one length, by column name."""


@dataclass(frozen=True, slots=True)
class Chosen(Generic[C]):
    """Decoded columns, the rows of them that are sound, and the indexes of the records that those rows are of."""

    columns: C
    rows: NDArray[np.int64]
    records: NDArray[np.int64]


def chosen(
    records: Records,
    columns: C,
    sound: NDArray[np.bool_],
    judge: Callable[[bytes | None], T],
    columns_of: Callable[[Sequence[T]], C],
) -> tuple[list[Chosen[C]], list[Flaw]]:
    """Return the sound rows, after them what ``judge`` let pass of the others, and what it said of the rest (CodecError)."""
    rows = np.flatnonzero(sound)
    parts = [Chosen(columns, rows, rows)]
    passed: list[T] = []
    at: list[int] = []
    flaws: list[Flaw] = []
    for index in np.flatnonzero(~sound).tolist():
        try:
            passed.append(judge(records.values[index]))
            at.append(index)
        except CodecError as error:
            flaws.append(Flaw(index, error.code, str(error)))
    if passed:
        parts.append(Chosen(columns_of(passed), np.arange(len(at)), np.array(at, np.int64)))
    return parts, flaws


def taken(column: list[T], rows: NDArray[np.int64]) -> list[T]:
    """Return some rows of a column that is a list."""
    return column if len(rows) == len(column) else [column[row] for row in rows.tolist()]


def stacked(parts: Sequence[Columns]) -> Columns:
    """Return the columns of all parts behind each other."""
    if len(parts) == 1:
        return parts[0]
    return {name: _joined([part[name] for part in parts]) for name in parts[0]}


def _joined(columns: Sequence[Any]) -> Any:
    if isinstance(columns[0], np.ndarray):
        return np.concatenate(columns)
    return [value for column in columns for value in column]


def newest_in_range(
    analytics: Analytics,
    table: str,
    selected: str,
    time: str,
    series: Mapping[str, str | None],
    within: tuple[int | None, int | None],
    limit: int,
) -> dict[str, list[Any]]:
    """Return the newest rows of a series with ``time`` in [first, end) of ``within``, oldest first; None is without bound.

    FINAL makes one row of all that share a key. The key begins with symbol, interval and time, so that a part is read from
    the range asked for; a key never lies in two monthly partitions, which is what the setting relies on.
    """
    conditions = [f"{name} = {{{name}:String}}" for name, value in series.items() if value is not None]
    arguments: dict[str, object] = {name: value for name, value in series.items() if value is not None}
    for sign, name, bound in ((">=", "first", within[0]), ("<", "end", within[1])):
        if bound is not None:
            conditions.append(f"{table}.{time} {sign} fromUnixTimestamp64Micro({{{name}_micros:Int64}}, 'UTC')")
            arguments[f"{name}_micros"] = bound
    newest = (
        f"SELECT * FROM {table} FINAL WHERE {' AND '.join(conditions)} "  # noqa: S608  (names of ours, values are parameters)
        f"ORDER BY {table}.{time} DESC, source DESC LIMIT {{row_limit:UInt32}} "
        "SETTINGS do_not_merge_across_partitions_select_final = 1"
    )
    arguments["row_limit"] = limit
    return analytics.query(f"SELECT {selected} FROM ({newest}) AS newest ORDER BY newest.{time}, source", arguments)  # noqa: S608

"""Columns of a block checked at once: the first reason of each bad row is kept."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from streams.sources.blocks import RowBlock
from streams.sources.problems import BadRow, shown

_TRUE = frozenset({"true", "t", "yes", "y", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "0"})


class Checks:
    """Which rows of a block are bad, and why."""

    def __init__(self, block: RowBlock) -> None:
        self._block = block
        self._reasons: dict[int, tuple[str, str]] = {}
        self.good: NDArray[np.bool_] = np.ones(len(block.rows), np.bool_)

    def refuse(self, column: str, reasons: Mapping[int, str]) -> None:
        """Refuse rows by their place in the block."""
        for at, reason in reasons.items():
            if self.good[at]:
                self.good[at] = False
                self._reasons[at] = (column, reason)

    def require(self, column: str, fine: NDArray[np.bool_], expected: str) -> None:
        """Refuse the rows where ``fine`` is false; the message quotes what the file has."""
        values = self._block.columns[column]
        bad = np.flatnonzero(~fine & self.good).tolist()
        self.refuse(column, {at: f"expected {expected}, found {shown(values[at].as_py())}" for at in bad})

    def bad_rows(self) -> list[BadRow]:
        """Return the refused rows in the order of the file."""
        return [BadRow(self._block.line(at), *self._reasons[at]) for at in sorted(self._reasons)]


def blank_rows(block: RowBlock) -> NDArray[np.bool_]:
    """Return which rows say nothing in any column: empty lines are no bad rows."""
    blank = np.ones(len(block.rows), np.bool_)
    for column in block.columns.values():
        empty = as_bools(column.is_null())
        if pa.types.is_binary(column.type):
            empty |= _buffer(pc.binary_length(column), np.int32) == 0
        blank &= empty
        if not blank.any():
            break
    return blank


def as_bools(array: Any) -> NDArray[np.bool_]:
    """Return an Arrow array of booleans without nulls as NumPy's."""
    return _buffer(array.cast(pa.uint8()), np.uint8).astype(np.bool_)


def _buffer(array: Any, kind: type[Any]) -> NDArray[Any]:
    """Return an Arrow array's values without ``to_numpy`` and without Python scalars: both import pandas where it is installed."""
    return np.frombuffer(array.buffers()[1], kind, len(array) + array.offset)[array.offset :]


def read_numbers(column: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the numbers of a column, and which of them could be read; NaN where not."""
    if pa.types.is_boolean(column.type):
        return np.full(len(column), np.nan), np.zeros(len(column), np.bool_)
    if not pa.types.is_binary(column.type):
        return _as_doubles(column), ~as_bools(column.is_null())
    numbers = np.full(len(column), np.nan)
    _take_numbers(column, 0, numbers, trimmed=False)
    return numbers, ~np.isnan(numbers)


def _as_doubles(column: Any) -> NDArray[np.float64]:
    doubles = _buffer(column.cast(pa.float64(), safe=False), np.float64).copy()
    if column.null_count:
        doubles[as_bools(column.is_null())] = np.nan
    return doubles


def _take_numbers(column: Any, first: int, out: NDArray[np.float64], *, trimmed: bool) -> None:
    if not len(column):
        return
    try:
        out[first : first + len(column)] = _as_doubles(pc.cast(column.cast(pa.string()), pa.float64()))
    except pa.ArrowInvalid:
        if len(column) == 1:
            return
        if not trimmed:
            column = _trimmed(column)
            _take_numbers(column, first, out, trimmed=True)
            return
        half = len(column) // 2
        _take_numbers(column.slice(0, half), first, out, trimmed=True)
        _take_numbers(column.slice(half), first + half, out, trimmed=True)


def _trimmed(column: Any) -> Any:
    return pa.array([None if value is None else value.strip() for value in column.to_pylist()], pa.binary())


def read_distinct(column: Any, read: Callable[[str], Any]) -> tuple[list[Any], NDArray[np.int64]]:
    """Read each different text of a column once; return what was read and the place in it of each row."""
    codes = column.cast(pa.binary()).dictionary_encode(null_encoding="encode")
    values = [read("" if value is None else value.decode(errors="replace").strip()) for value in codes.dictionary.to_pylist()]
    return values, _buffer(codes.indices.cast(pa.int64()), np.int64)


def read_flag(text: str) -> bool | None:
    """Return what a word says about yes or no; None where it says neither."""
    return True if text.lower() in _TRUE else False if text.lower() in _FALSE else None

"""Files as blocks of rows, column by column: what half a million ticks a second need. Rows are numbered from 0 after the header."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from streams.sources.columns import Column, match_columns, match_more
from streams.sources.problems import BadRow, FileRefusedError, shown

_BLOCK_BYTES = 2 * 1024 * 1024
_BLOCK_ROWS = 65_536
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Consecutive rows of a file. Columns are Arrow arrays by the name they are wanted under; text is binary, as it stands."""

    rows: NDArray[np.int64]
    columns: dict[str, Any]
    line_of_row_0: int
    malformed: list[BadRow] = field(default_factory=list)
    """Rows up to here that are no rows of this file's shape."""

    def line(self, at: int) -> int:
        """Return the line of the row at a place of this block."""
        return int(self.rows[at]) + self.line_of_row_0


@dataclass(frozen=True, slots=True)
class Shape:
    """What is wanted of a file."""

    columns: Sequence[Column]
    given: frozenset[str] = frozenset()
    header: tuple[str, ...] | None = None
    """The names of the columns of a CSV file that does not begin with them."""


def open_bytes(path: Path) -> BinaryIO:
    """Open a file, unpacked where its name says that it is packed (.gz, .bz2, .zst, .lz4)."""
    return pa.input_stream(str(path), compression="detect")  # type: ignore[no-any-return]


def csv_header(path: Path, header: tuple[str, ...] | None) -> tuple[list[str], str]:
    """Return the names of a CSV file's columns and its delimiter; FileRefusedError for an empty file."""
    with open_bytes(path) as stream:
        first = stream.read(65_536).split(b"\n", 1)[0].decode("utf-8-sig", errors="replace").rstrip("\r")
    if not first.strip():
        raise FileRefusedError("expected a header in the first line, found an empty one")
    delimiter = max(_DELIMITERS, key=first.count)
    return list(header or next(csv.reader(io.StringIO(first), delimiter=delimiter))), delimiter


def csv_blocks(path: Path, shape: Shape) -> Iterator[RowBlock]:
    """Yield the rows of a CSV file. Empty lines count as rows, so that a row's line is known, and carry empty values."""
    names, delimiter = csv_header(path, shape.header)
    matched = match_columns(names, shape.columns, shape.given)
    lines_before = 1 if shape.header is None else 0
    malformed: list[tuple[int, str]] = []

    def note_malformed(row: Any) -> str:
        malformed.append((row.number - 1 - lines_before, f"expected {row.expected_columns} columns, found {row.actual_columns}"))
        return "skip"

    reader = pyarrow.csv.open_csv(
        open_bytes(path),
        read_options=pyarrow.csv.ReadOptions(
            block_size=_BLOCK_BYTES, use_threads=False, column_names=names, skip_rows=lines_before
        ),
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, invalid_row_handler=note_malformed, ignore_empty_lines=False),
        convert_options=pyarrow.csv.ConvertOptions(
            include_columns=list(matched.values()),
            column_types=dict.fromkeys(names, pa.binary()),
            strings_can_be_null=False,
            check_utf8=False,
        ),
    )
    row, told = 0, 0
    for batch in _batches(reader):
        rows = _numbered(row, len(batch), [at for at, _ in malformed])
        row = int(rows[-1]) + 1 if len(rows) else row
        due = [BadRow(at + lines_before + 1, "", why) for at, why in malformed[told:] if at < row]
        told += len(due)
        yield RowBlock(rows, _named(batch, matched), lines_before + 1, due)
    if late := malformed[told:]:
        bad = [BadRow(at + lines_before + 1, "", why) for at, why in late]
        empty = {name: pa.array([], pa.binary()) for name in matched}
        yield RowBlock(np.zeros(0, np.int64), empty, lines_before + 1, bad)


def _batches(reader: Any) -> Iterator[Any]:
    try:
        yield from reader
    except (pa.ArrowInvalid, OSError) as error:
        raise FileRefusedError(f"expected a readable file: {error}") from error


def _numbered(first: int, count: int, left_out: Sequence[int]) -> NDArray[np.int64]:
    """Return ``count`` row numbers from ``first`` on, without those left out."""
    after = [at for at in left_out if at >= first]
    end = first + count
    while (needed := first + count + sum(at < end for at in after)) != end:
        end = needed
    return np.setdiff1d(np.arange(first, end), np.array(after, np.int64), assume_unique=True)


def _named(batch: Any, matched: dict[str, str]) -> dict[str, Any]:
    return {name: batch.column(theirs) for name, theirs in matched.items()}


def jsonl_blocks(path: Path, shape: Shape) -> Iterator[RowBlock]:
    """Yield the rows of a file with one JSON object on each line. Empty lines count as rows."""
    row = 0
    matched: dict[str, str] = {}
    with open_bytes(path) as stream:
        text: Any = io.BufferedReader(cast(io.RawIOBase, stream))
        while lines := text.readlines(_BLOCK_BYTES):
            objects, malformed = _objects(lines, row)
            if names := list(dict.fromkeys(name for found in objects for name in found)):
                matched = (
                    match_more(names, shape.columns, shape.given, matched)
                    if matched
                    else match_columns(names, shape.columns, shape.given)
                )
            columns = {name: _array([found.get(theirs) for found in objects]) for name, theirs in matched.items()}
            bad = {entry.line - 1 for entry in malformed}
            rows = np.array([at for at in range(row, row + len(lines)) if at not in bad], np.int64)
            yield RowBlock(rows, columns, 1, malformed)
            row += len(lines)


def _objects(lines: Sequence[bytes], first: int) -> tuple[list[dict[str, Any]], list[BadRow]]:
    objects: list[dict[str, Any]] = []
    malformed: list[BadRow] = []
    for line, text in enumerate(lines, first + 1):
        if not text.strip():
            objects.append({})
            continue
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            malformed.append(BadRow(line, "", f"expected a JSON object, found {shown(text.strip())}: {error.msg}"))
            continue
        if isinstance(found, dict):
            objects.append(found)
        else:
            malformed.append(BadRow(line, "", f"expected a JSON object, found {shown(text.strip())}"))
    return objects, malformed


def _array(values: list[Any]) -> Any:
    """Return values as an Arrow array: numbers or booleans as such where all are, text otherwise."""
    if all(isinstance(value, float | int) and not isinstance(value, bool) for value in values):
        try:
            return pa.array([float(value) for value in values] if any(isinstance(v, float) for v in values) else values)
        except (OverflowError, pa.ArrowInvalid):
            pass
    if all(isinstance(value, bool) for value in values):
        return pa.array(values, pa.bool_())
    return pa.array([None if value is None else str(value).encode(errors="replace") for value in values], pa.binary())


def parquet_blocks(path: Path, shape: Shape) -> Iterator[RowBlock]:
    """Yield the rows of a Parquet file; a row's line is its number from 1."""
    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise FileRefusedError(f"expected a Parquet file: {error}") from error
    with file:
        matched = match_columns(file.schema_arrow.names, shape.columns, shape.given)
        row = 0
        for batch in _batches(file.iter_batches(_BLOCK_ROWS, columns=list(matched.values()))):
            columns = {name: _plain(batch.column(theirs)) for name, theirs in matched.items()}
            yield RowBlock(np.arange(row, row + len(batch)), columns, 1)
            row += len(batch)


def _plain(column: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.binary()) if pa.types.is_string(column.type) or pa.types.is_large_string(column.type) else column


BLOCKS = {"csv": csv_blocks, "jsonl": jsonl_blocks, "parquet": parquet_blocks}

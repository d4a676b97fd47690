"""Files as single rows: what bars, corporate actions, news and posts need. Rows come with the line on which they begin."""

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

import orjson
import pyarrow as pa
import pyarrow.parquet

from streams.sources.blocks import Shape, csv_header, open_bytes
from streams.sources.columns import match_columns, match_more
from streams.sources.problems import BadRow, FileRefusedError, shown

Row = dict[str, Any]
"""Values by the name under which a column is wanted; text as it stands, stripped; None where there is nothing."""


def csv_rows(path: Path, shape: Shape) -> Iterator[tuple[int, Row] | BadRow]:
    """Yield the rows of a CSV file; a row may span lines where its text does."""
    names, delimiter = csv_header(path, shape.header)
    matched = match_columns(names, shape.columns, shape.given)
    place_of = {name: names.index(theirs) for name, theirs in matched.items()}
    with open_bytes(path) as stream:
        text = io.TextIOWrapper(cast("Any", io.BufferedReader(cast("Any", stream))), "utf-8-sig", "surrogateescape", newline="")
        reader = csv.reader(text, delimiter=delimiter)
        if shape.header is None:
            next(reader)
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadRow(line, "", f"expected a row of CSV: {error}")
                continue
            if len(fields) != len(names):
                if any(field.strip() for field in fields):
                    yield BadRow(line, "", f"expected {len(names)} columns, found {len(fields)}")
                continue
            yield from _row(line, {name: fields[place] for name, place in place_of.items()})


def jsonl_rows(path: Path, shape: Shape) -> Iterator[tuple[int, Row] | BadRow]:
    """Yield the objects of a file that has one on each line. The first one shows what the required columns are called."""
    matched: dict[str, str] = {}
    known: set[str] = set()
    with open_bytes(path) as stream:
        for line, text in enumerate(io.BufferedReader(cast("Any", stream)), 1):
            if not text.strip():
                continue
            try:
                found = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                yield BadRow(line, "", f"expected a JSON object, found {shown(text.strip())}: {error.msg}")
                continue
            if not isinstance(found, dict):
                yield BadRow(line, "", f"expected a JSON object, found {shown(text.strip())}")
                continue
            if not matched:
                matched = match_columns(list(found), shape.columns, shape.given)
            elif not known.issuperset(found):
                matched = match_more(list(found), shape.columns, shape.given, matched)
            known.update(found)
            yield from _row(line, {name: found.get(theirs) for name, theirs in matched.items()})


def parquet_rows(path: Path, shape: Shape) -> Iterator[tuple[int, Row] | BadRow]:
    """Yield the rows of a Parquet file; a row's line is its number from 1."""
    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise FileRefusedError(f"expected a Parquet file: {error}") from error
    with file:
        matched = match_columns(file.schema_arrow.names, shape.columns, shape.given)
        line = 1
        for batch in file.iter_batches(16_384, columns=list(matched.values())):
            columns = {name: batch.column(theirs).to_pylist() for name, theirs in matched.items()}
            for values in zip(*columns.values(), strict=True):
                yield from _row(line, dict(zip(columns, values, strict=True)))
                line += 1


def _row(line: int, row: Row) -> Iterator[tuple[int, Row] | BadRow]:
    plain = {name: _plain(value) for name, value in row.items()}
    for name, value in plain.items():
        if isinstance(value, str) and not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            yield BadRow(line, name, "expected text in UTF-8")
            return
    if any(value is not None for value in plain.values()):
        yield line, plain


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape").strip() or None
    if isinstance(value, list):
        return " ".join(map(str, value)) or None
    if isinstance(value, datetime | date | bool | int | float):
        return value
    return None if value is None else str(value)


ROWS = {"csv": csv_rows, "jsonl": jsonl_rows, "parquet": parquet_rows}

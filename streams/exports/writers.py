"""Writes flat rows as CSV, JSON lines or Parquet, batch after batch."""

import base64
import csv
import io
from collections.abc import Callable, Mapping, Sequence
from math import isnan
from typing import Any, BinaryIO, Protocol

import orjson
import pyarrow as pa
import pyarrow.parquet

from schemas.values import iso
from streams.exports.columns import ColumnKind, FlatColumn


class RowWriter(Protocol):
    """Takes batches of rows as columns, in the order of the columns it was opened with."""

    def write(self, columns: Sequence[Sequence[Any]]) -> None:
        """Write a batch."""

    def close(self) -> None:
        """Write what is left. The stream stays open."""


def _known(value: Any) -> Any:
    """Nothing is known where a number is none."""
    return None if isinstance(value, float) and isnan(value) else value


def _as_json(value: Any) -> Any:
    return {key: _encoded(item) for key, item in value.items()} if isinstance(value, dict) else _encoded(value)


def _encoded(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else _known(value)


_JSON: Mapping[ColumnKind, Callable[[Any], Any]] = {
    "time": iso,
    "float": _known,
    "bytes": _encoded,
    "objects": lambda parts: [_as_json(part) for part in parts],
}


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


_CSV: Mapping[ColumnKind, Callable[[Any], Any]] = {
    "time": iso,
    "float": _known,
    "bytes": _encoded,
    "bool": lambda value: "true" if value else "false",
    "texts": lambda texts: _text(texts) if texts else None,
    "objects": lambda parts: _text([_as_json(part) for part in parts]) if parts else None,
}

_ARROW: Mapping[ColumnKind, Any] = {
    "time": pa.timestamp("us", "UTC"),
    "float": pa.float64(),
    "int": pa.int64(),
    "text": pa.string(),
    "bool": pa.bool_(),
    "bytes": pa.binary(),
    "texts": pa.list_(pa.string()),
    "objects": pa.string(),
}


def _converted(values: Sequence[Any], convert: Callable[[Any], Any] | None) -> Sequence[Any]:
    return values if convert is None else [None if value is None else convert(value) for value in values]


class CsvWriter:
    """One header line, then a row a line; what is not known is empty, lists are JSON, bytes are base64."""

    def __init__(self, stream: BinaryIO, columns: Sequence[FlatColumn]) -> None:
        self._stream = stream
        self._columns = columns
        self._write_rows([[column.name for column in columns]])

    def write(self, columns: Sequence[Sequence[Any]]) -> None:
        converted = [_converted(v, _CSV.get(c.kind)) for c, v in zip(self._columns, columns, strict=True)]
        self._write_rows(zip(*converted, strict=True))

    def _write_rows(self, rows: Any) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        self._stream.write(text.getvalue().encode("utf-8", "replace"))

    def close(self) -> None:
        self._stream.flush()


class JsonlWriter:
    """One object a line; what is not known is null, bytes are base64."""

    def __init__(self, stream: BinaryIO, columns: Sequence[FlatColumn]) -> None:
        self._stream = stream
        self._columns = columns

    def write(self, columns: Sequence[Sequence[Any]]) -> None:
        names = [column.name for column in self._columns]
        converted = [_converted(v, _JSON.get(c.kind)) for c, v in zip(self._columns, columns, strict=True)]
        lines = [orjson.dumps(dict(zip(names, row, strict=True))) for row in zip(*converted, strict=True)]
        self._stream.write(b"\n".join([*lines, b""]))

    def close(self) -> None:
        self._stream.flush()


class ParquetWriter:
    """Typed columns; times are microseconds in UTC, what is not known is null."""

    def __init__(self, stream: BinaryIO, columns: Sequence[FlatColumn]) -> None:
        self._columns = columns
        self._schema = pa.schema([(column.name, _ARROW[column.kind]) for column in columns])
        self._writer = pyarrow.parquet.ParquetWriter(stream, self._schema)

    def write(self, columns: Sequence[Sequence[Any]]) -> None:
        arrays = [
            pa.array(_converted(values, self._convert(column.kind)), _ARROW[column.kind])
            for column, values in zip(self._columns, columns, strict=True)
        ]
        self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))

    @staticmethod
    def _convert(kind: ColumnKind) -> Callable[[Any], Any] | None:
        return _CSV["objects"] if kind == "objects" else _known if kind == "float" else None

    def close(self) -> None:
        self._writer.close()


WRITERS: Mapping[str, type[CsvWriter] | type[JsonlWriter] | type[ParquetWriter]] = {
    "csv": CsvWriter,
    "jsonl": JsonlWriter,
    "parquet": ParquetWriter,
}

"""Columns to Arrow and back, for the types that our tables have.

pyarrow's own conversions (`pa.array`, `to_numpy`) load pandas on first use, which costs a process more than a second and many
megabytes; buffers are built and read here instead. Types that no table has so far fall back on pyarrow.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from infra.clients.clickhouse_sql import datetime64_scale

_TIMESTAMPS = {scale: pa.timestamp(unit, "UTC") for scale, unit in ((0, "s"), (3, "ms"), (6, "us"), (9, "ns"))}
_NUMBERS: dict[str, tuple[pa.DataType, npt.DTypeLike]] = {
    "Float64": (pa.float64(), np.float64),
    "Float32": (pa.float32(), np.float32),
    "Int64": (pa.int64(), np.int64),
    "Int32": (pa.int32(), np.int32),
    "Int16": (pa.int16(), np.int16),
    "Int8": (pa.int8(), np.int8),
    "UInt64": (pa.uint64(), np.uint64),
    "UInt32": (pa.uint32(), np.uint32),
    "UInt16": (pa.uint16(), np.uint16),
    "UInt8": (pa.uint8(), np.uint8),
    "Bool": (pa.uint8(), np.uint8),
    "DateTime": (pa.uint32(), np.uint32),
}


def to_arrow(values: Sequence[Any], type_name: str) -> pa.Array:
    """Return an Arrow array that the engine takes for a column of the ClickHouse type; integers are ticks of a time column.

    Raises TypeError, ValueError or OverflowError for values that the type does not hold.
    """
    outer, _, inner = type_name.partition("(")
    if outer == "LowCardinality":
        return to_arrow(values, inner[:-1])
    if outer == "Nullable":
        return _nullable(values, inner[:-1])
    if outer == "Array":
        return _lists(values, inner[:-1])
    if outer in _NUMBERS:
        return _numbers(values, *_NUMBERS[outer])
    if (scale := datetime64_scale(type_name)) is not None:
        if scale not in _TIMESTAMPS:
            raise TypeError(f"expected a DateTime64 of scale 0, 3, 6 or 9, found {type_name}")
        return _numbers(values, _TIMESTAMPS[scale], np.int64)
    if outer in ("String", "UUID"):  # the engine reads a UUID from its text
        return _texts(values)
    return pa.array(values)


def from_arrow(column: pa.ChunkedArray) -> list[Any]:
    """Return the values of a column of a result; times are integers, in ticks of their type."""
    values: list[Any] = []
    for chunk in column.chunks:
        values += _plain(chunk)
    return values


def _plain(chunk: pa.Array) -> list[Any]:
    kind = chunk.type
    is_time = pa.types.is_timestamp(kind)
    if not is_time and not pa.types.is_integer(kind) and not pa.types.is_floating(kind):
        return list(chunk.to_pylist())
    if chunk.null_count:
        return list((chunk.view(pa.int64()) if is_time else chunk).to_pylist())
    numbers = np.frombuffer(chunk.buffers()[1], dtype=np.int64 if is_time else kind.to_pandas_dtype())
    return list(numbers[chunk.offset : chunk.offset + len(chunk)].tolist())


def _numbers(values: Sequence[Any], kind: pa.DataType, dtype: npt.DTypeLike, valid: pa.Buffer | None = None) -> pa.Array:
    """Refuse what NumPy would convert in silence: text, fractions for integers, numbers out of range."""
    wanted = np.dtype(dtype)
    found = np.asarray(values) if len(values) else np.empty(0, wanted)
    if found.dtype.kind not in ("iub" if wanted.kind in "iu" else "iubf"):
        raise TypeError(f"expected values for {wanted}, found {found.dtype}")
    if wanted.kind in "iu" and found.dtype != wanted:
        limits = np.iinfo(wanted)
        if int(found.min()) < limits.min or int(found.max()) > limits.max:
            raise OverflowError(f"expected {limits.min} to {limits.max}, found {found.min()} to {found.max()}")
    array = np.ascontiguousarray(found, dtype=wanted)
    return pa.Array.from_buffers(kind, len(array), [valid, pa.py_buffer(array)])


def _texts(values: Sequence[Any], valid: pa.Buffer | None = None) -> pa.Array:
    encoded = [value.encode() if isinstance(value, str) else _bytes(value) for value in values]
    data = pa.py_buffer(b"".join(encoded))
    return pa.Array.from_buffers(pa.string(), len(encoded), [valid, _offsets(encoded), data])


def _lists(values: Sequence[Sequence[Any]], type_name: str) -> pa.Array:
    items = to_arrow([item for value in values for item in value], type_name)
    return pa.Array.from_buffers(pa.list_(items.type), len(values), [None, _offsets(values)], children=[items])


def _nullable(values: Sequence[Any], type_name: str) -> pa.Array:
    present = [value is not None for value in values]
    valid = pa.py_buffer(np.packbits(present, bitorder="little"))
    if type_name == "String":
        return _texts([value if there else "" for value, there in zip(values, present, strict=True)], valid)
    filled = to_arrow([value if there else 0 for value, there in zip(values, present, strict=True)], type_name)
    return pa.Array.from_buffers(filled.type, len(filled), [valid, *filled.buffers()[1:]])


def _offsets(values: Sequence[Sequence[Any]]) -> pa.Buffer:
    offsets = np.zeros(len(values) + 1, dtype=np.int32)
    np.cumsum([len(value) for value in values], out=offsets[1:])
    return pa.py_buffer(offsets)


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    raise TypeError(f"expected text, found {type(value).__name__}")

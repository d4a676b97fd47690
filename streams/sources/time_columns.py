"""A column of times at once. What the fast way does not understand is read one by one, so that each bad row gets its reason."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.values import MICROS_MAX, MICROS_MIN
from streams.sources.times import TimeReading, local_offset, parse_time

_MINUTE_US = 60_000_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # of local times
_DATE_CHARACTERS = 10
_ZONED = re.compile(rb"(Z|[+-]\d\d(:?\d\d)?)$")
_IN_ZONE, _LOCAL = pa.timestamp("us", "UTC"), pa.timestamp("us")
_DAY_US = 86_400_000_000
_FIRST_US, _LAST_US = MICROS_MIN + _DAY_US, MICROS_MAX - _DAY_US
"""A day of room, so that no zone leads out of what events can say."""


@dataclass(slots=True)
class TimeColumn:
    """Microseconds since the Unix epoch of each row; 0 where there is a reason why not."""

    micros: NDArray[np.int64]
    reasons: dict[int, str] = field(default_factory=dict)


def read_times(column: Any, reading: TimeReading) -> TimeColumn:
    """Read an Arrow array of text, timestamps or numbers. A date without a time of day is refused."""
    out = TimeColumn(np.zeros(len(column), np.int64))
    if reading.epoch_units is not None:
        _take_epochs(column, reading.epoch_units, reading, out)
    elif pa.types.is_timestamp(column.type):
        _take_timestamps(column, reading, out)
    elif reading.format is None and _is_text(column.type):
        _take_text(column.cast(pa.binary()), 0, reading, out)
    else:
        _take_singly(column, 0, reading, out)
    for place in np.flatnonzero((out.micros < _FIRST_US) | (out.micros > _LAST_US)).tolist():
        out.micros[place] = 0
        out.reasons[place] = "expected a time in the years 1 to 9999"
    return out


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _numbers(array: Any) -> NDArray[np.int64]:
    """Without ``to_numpy``, which imports pandas where it is installed."""
    return np.frombuffer(array.buffers()[1], np.int64, len(array) + array.offset)[array.offset :].copy()


def _take_timestamps(column: Any, reading: TimeReading, out: TimeColumn) -> None:
    if column.null_count:
        _take_singly(column, 0, reading, out)
        return
    stated = _numbers(column.cast(pa.int64()))
    if column.type.unit == "ns":
        out.micros = stated // 1_000
    else:
        micros_each = {"s": 1_000_000, "ms": 1_000, "us": 1}[column.type.unit]
        usable = (stated >= _FIRST_US // micros_each) & (stated <= _LAST_US // micros_each)
        out.micros = np.where(usable, stated, 0) * micros_each
        out.reasons = {int(at): "expected a time in the years 1 to 9999" for at in np.flatnonzero(~usable)}
    if column.type.tz is None:
        _place(np.arange(len(column)), column, 0, reading, out)


def _take_text(column: Any, first: int, reading: TimeReading, out: TimeColumn) -> None:
    """Fill ``out`` from ``first`` on, the column being part of the whole."""
    if not len(column):
        return
    dates_only = pc.min(pc.binary_length(column)).as_py()
    if dates_only is not None and dates_only > _DATE_CHARACTERS and column.null_count == 0:
        zoned = _ZONED.search(column[0].as_py()) is not None
        for kind in (_IN_ZONE, _LOCAL) if zoned else (_LOCAL, _IN_ZONE):  # a wrong guess costs 40 times as much as a right one
            try:
                read = pc.cast(column.cast(pa.string()), kind)
            except pa.ArrowInvalid:
                continue
            out.micros[first : first + len(column)] = _numbers(read.cast(pa.int64()))
            if kind.tz is None:
                _place(np.arange(first, first + len(column)), column, first, reading, out)
            return
    _halve(column, first, reading, out)


def _halve(column: Any, first: int, reading: TimeReading, out: TimeColumn) -> None:
    if len(column) <= 16:  # noqa: PLR2004  # below that, one by one is faster
        _take_singly(column, first, reading, out)
        return
    half = len(column) // 2
    _take_text(column.slice(0, half), first, reading, out)
    _take_text(column.slice(half), first + half, reading, out)


def _take_epochs(column: Any, units_per_second: int, reading: TimeReading, out: TimeColumn) -> None:
    try:
        whole = pc.cast(column.cast(pa.string()) if _is_text(column.type) else column, pa.int64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        whole = None
    if whole is None or whole.null_count:
        _take_singly(column, 0, reading, out)
        return
    stated = _numbers(whole)
    usable = (stated >= _FIRST_US // 1_000_000 * units_per_second) & (stated <= _LAST_US // 1_000_000 * units_per_second)
    seconds, rest = np.divmod(np.where(usable, stated, 0), units_per_second)
    out.micros = seconds * 1_000_000 + rest * 1_000_000 // units_per_second
    out.reasons = {int(at): "expected a time in the years 1 to 9999" for at in np.flatnonzero(~usable)}


def _take_singly(column: Any, first: int, reading: TimeReading, out: TimeColumn) -> None:
    for place, value in enumerate(column.to_pylist(), first):
        try:
            out.micros[place] = parse_time(value, reading)
        except (ValueError, OverflowError) as error:
            out.micros[place] = 0
            out.reasons[place] = str(error)


def _place(places: NDArray[np.int64], column: Any, first: int, reading: TimeReading, out: TimeColumn) -> None:
    """Turn local times at ``places`` into UTC, minute by minute: no zone changes its clock within one."""
    zone = reading.zone
    if zone is None:
        _take_singly(column, first, reading, out)  # each row gets its reason
        return
    local = out.micros[places]
    minutes, minute_of = np.unique(local // _MINUTE_US, return_inverse=True)
    answers = [local_offset(_EPOCH + timedelta(minutes=int(minute)), zone)[0] for minute in minutes]
    offsets = np.array([answer or 0 for answer in answers], np.int64)
    out.micros[places] = local - offsets[minute_of]
    unclear = np.array([answer is None for answer in answers])[minute_of]
    for place in np.flatnonzero(unclear).tolist():
        _take_singly(column.slice(place, 1), first + place, reading, out)

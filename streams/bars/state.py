"""The state of the bars agent as bytes: fixed layouts, little-endian, a version in front. Names stand in a table of strings.

| key | holds |
|---|---|
| ``open/<source>/<symbol>`` | watermark, prices carried over, open windows of all intervals |
| ``closed/<number>`` | windows that were closed or corrected between two checkpoints; a higher number knows better |
| ``clock/<source>`` | how far the source has told |
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from streams.bars.arrays import Floats, Ints

VERSION = 1
INT_FIELDS = (
    "source",
    "symbol",
    "length",
    "start",
    "trades",
    "revision",
    "first_time",
    "first_sequence",
    "first_recording",
    "last_time",
    "last_sequence",
    "last_recording",
)
"""Names are places in the table of strings; a recording is the empty string where there is none. Length in microseconds."""
FLOAT_FIELDS = ("volume", "notional", "eligible_size", "high", "low", "first_price", "last_price")

_WINDOWS = struct.Struct("<BII")
_GROUP = struct.Struct("<BqqH")
_CARRIED = struct.Struct("<qd")
_CLOCK = struct.Struct("<Bq")
_LENGTH = struct.Struct("<H")
_INT, _FLOAT = np.dtype("<i8"), np.dtype("<f8")


class StateError(ValueError):
    """State bytes that this version cannot read."""


@dataclass(frozen=True, slots=True)
class StoredWindows:
    """Windows as they are stored: a row of integers and a row of doubles each."""

    strings: Sequence[str]
    ints: Ints
    floats: Floats


@dataclass(frozen=True, slots=True)
class StoredGroup:
    """A group as it is stored."""

    watermark: int
    dropped_until: int
    forgotten_prices: Mapping[int, float]
    """By length of the interval."""
    windows: StoredWindows


def pack_windows(stored: StoredWindows) -> bytes:
    """Return the bytes of windows."""
    texts = [text.encode() for text in stored.strings]
    return b"".join(
        [
            _WINDOWS.pack(VERSION, len(texts), len(stored.ints)),
            *[_LENGTH.pack(len(text)) + text for text in texts],
            np.ascontiguousarray(stored.ints, _INT).tobytes(),
            np.ascontiguousarray(stored.floats, _FLOAT).tobytes(),
        ]
    )


def unpack_windows(data: bytes, at: int = 0) -> StoredWindows:
    """Return the windows whose bytes begin at a place; StateError where they are of another version or length."""
    version, strings, rows = _WINDOWS.unpack_from(data, at)
    _expect_version(version)
    at += _WINDOWS.size
    texts = []
    for _ in range(strings):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        texts.append(data[at : at + length].decode())
        at += length
    ints_end = at + rows * len(INT_FIELDS) * _INT.itemsize
    end = ints_end + rows * len(FLOAT_FIELDS) * _FLOAT.itemsize
    if end != len(data):
        raise StateError(f"expected {end} bytes of state for {rows} windows, found {len(data)}")
    ints = np.frombuffer(data[at:ints_end], _INT).reshape(rows, len(INT_FIELDS))
    floats = np.frombuffer(data[ints_end:], _FLOAT).reshape(rows, len(FLOAT_FIELDS))
    return StoredWindows(texts, ints.astype(np.int64), floats.astype(np.float64))


def pack_group(group: StoredGroup) -> bytes:
    """Return the bytes of a group."""
    head = _GROUP.pack(VERSION, group.watermark, group.dropped_until, len(group.forgotten_prices))
    carried = [_CARRIED.pack(length, price) for length, price in group.forgotten_prices.items()]
    return b"".join([head, *carried, pack_windows(group.windows)])


def unpack_group(data: bytes) -> StoredGroup:
    """Return a group; StateError where its bytes are of another version or length."""
    version, watermark, dropped_until, carried = _GROUP.unpack_from(data)
    _expect_version(version)
    windows_at = _GROUP.size + carried * _CARRIED.size
    prices = dict(_CARRIED.iter_unpack(data[_GROUP.size : windows_at]))
    return StoredGroup(watermark, dropped_until, prices, unpack_windows(data, windows_at))


def pack_clock(at: int) -> bytes:
    """Return the bytes of a source's clock."""
    return _CLOCK.pack(VERSION, at)


def unpack_clock(data: bytes) -> int:
    """Return a source's clock; StateError where its bytes are of another version."""
    version, at = _CLOCK.unpack(data)
    _expect_version(version)
    return int(at)


def _expect_version(version: int) -> None:
    if version != VERSION:
        raise StateError(f"expected bars state of version {VERSION}, found {version}")

"""A chunk of encoded ticks as columns, without an object for each tick.

``Tick`` begins with fields of fixed width: prefix (5), event time (8: the zigzag varint of any time from 1978 to 3111 has
eight bytes), price (8), size (8), eligible (1). Those are read with NumPy for the whole chunk; the varint after them too.
A record that does not have this shape, or not this schema, is left to the ordinary decoder.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.codec import PREFIX_BYTES

_TIME_BYTES = 8
_TIME_AT, _PRICE_AT = PREFIX_BYTES, PREFIX_BYTES + _TIME_BYTES
_FIXED = PREFIX_BYTES + 8 + 8 + 8 + 1
_VARINT_MAX = 9
_STRINGS = 4  # four strings, of at least their length byte
_SHIFTS = (np.arange(_VARINT_MAX, dtype=np.uint64) * np.uint64(7)).astype(np.uint64)
_CONTINUES = np.uint8(0x80)


@dataclass(frozen=True)
class TickColumns:
    """Ticks column by column; all arrays have one element for each record. Where ``plain`` is false the rest says nothing.

    Plain says that the columns are what the decoder would read; that the strings behind them are whole is for their reader to see.
    """

    plain: NDArray[np.bool_]
    event_time: NDArray[np.int64]
    price: NDArray[np.float64]
    size: NDArray[np.float64]
    eligible: NDArray[np.bool_]
    sequence: NDArray[np.int64]
    strings_at: NDArray[np.int64]
    """Where in the record the strings begin: symbol, source, recording, conditions."""


def wire_prefix(schema_id: int) -> bytes:
    """Return what a record of a schema id begins with."""
    return b"\x00" + schema_id.to_bytes(PREFIX_BYTES - 1, "big")


def time_of_tick(value: bytes) -> bytes:
    """Return the event time of an encoded tick as bytes that sort like it, among the times whose varint has eight bytes.

    Of any other record they say nothing.
    """
    return value[_PRICE_AT - 1 : _TIME_AT - 1 : -1]


def sortable_time(micros: int) -> bytes:
    """Return a time in microseconds in the form that ``time_of_tick`` has: the varint, its highest bits first."""
    raw = micros << 1 if micros >= 0 else ~(micros << 1)
    groups = [(raw >> shift) & 0x7F for shift in range(0, 7 * _TIME_BYTES, 7)]
    return bytes([groups[-1], *(group | 0x80 for group in groups[-2::-1])])


def decode_tick_columns(values: Sequence[bytes], schema_id: int) -> TickColumns:
    """Decode records of one schema id. Values are not checked against the rules of a tick. A record of no bytes is not plain."""
    lengths = np.fromiter(map(len, values), np.int64, len(values))
    starts = np.cumsum(lengths) - lengths
    whole = np.frombuffer(b"".join(values) + bytes(_FIXED + _VARINT_MAX), np.uint8)
    head = whole[starts[:, None] + np.arange(_FIXED + _VARINT_MAX)]
    prefix = np.frombuffer(wire_prefix(schema_id), np.uint8)
    times = head[:, _TIME_AT:_PRICE_AT]
    plain = (head[:, :PREFIX_BYTES] == prefix).all(axis=1) & (times[:, :7] >= _CONTINUES).all(axis=1) & (times[:, 7] < _CONTINUES)
    numbers = head[:, _PRICE_AT : _PRICE_AT + 16].copy().view("<f8")
    tail = head[:, _FIXED:]
    tail_length = np.argmax(tail < _CONTINUES, axis=1) + 1
    plain &= tail[np.arange(len(tail)), tail_length - 1] < _CONTINUES
    plain &= lengths >= _FIXED + tail_length + _STRINGS  # what was read lies within the record, not in the next one
    plain &= head[:, _FIXED - 1] <= 1
    used = np.arange(_VARINT_MAX) < tail_length[:, None]
    return TickColumns(
        plain=plain,
        event_time=_unzigzag(times, _SHIFTS[:8]),
        price=numbers[:, 0],
        size=numbers[:, 1],
        eligible=head[:, _FIXED - 1] == 1,
        sequence=_unzigzag(np.where(used, tail, 0), _SHIFTS),
        strings_at=_FIXED + tail_length,
    )


def _unzigzag(octets: NDArray[np.uint8], shifts: NDArray[np.uint64]) -> NDArray[np.int64]:
    raw = ((octets & np.uint8(0x7F)).astype(np.uint64) << shifts).sum(axis=1, dtype=np.uint64)
    signed: NDArray[np.int64] = (raw >> np.uint64(1)).astype(np.int64) ^ -(raw & np.uint64(1)).astype(np.int64)
    return signed

"""PostgreSQL's binary COPY format: each value with its length before it, big-endian.

Formats: https://www.postgresql.org/docs/current/sql-copy.html (binary), src/include/catalog/pg_type.dat (oids).
"""

import struct

import numpy as np
from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
POSTGRES_EPOCH = 946_684_800_000_000
"""2000-01-01 in microseconds since the Unix epoch: what a timestamptz counts from."""

_LENGTH = struct.Struct(">i")
_FLOAT8_OID = 701
_ONE_DIMENSION = struct.pack(">iiI", 1, 0, _FLOAT8_OID)


def text_field(octets: bytes) -> bytes:
    """Return a text column of UTF-8."""
    return _LENGTH.pack(len(octets)) + octets


def array_fields(rows: NDArray[np.float64]) -> list[bytes]:
    """Return the double precision[] columns of each row, which follow each other; ``rows`` is row, column, item."""
    count, columns, size = rows.shape
    item = np.dtype([("length", ">i4"), ("value", ">f8")])
    array = np.dtype([("length", ">i4"), ("head", "V12"), ("size", ">i4"), ("from", ">i4"), ("items", item, (size,))])
    fields = np.zeros((count, columns), array)
    fields["length"] = array.itemsize - _LENGTH.size
    fields["head"] = np.void(_ONE_DIMENSION)
    fields["size"] = size
    fields["from"] = 1
    fields["items"]["length"] = 8
    fields["items"]["value"] = rows
    octets, width = fields.tobytes(), columns * array.itemsize
    return [octets[at : at + width] for at in range(0, len(octets), width)]

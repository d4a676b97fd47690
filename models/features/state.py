"""State as bytes: a header that names the layout, then little-endian doubles. Never pickled."""

import struct

import numpy as np

from models.features.arrays import Floats

_HEADER = struct.Struct("<4sHH")
VERSION = 1


class StateError(ValueError):
    """Stored state is not what this version reads."""


def pack(kind: bytes, *parts: Floats) -> bytes:
    """Return rows of doubles as bytes; ``kind`` is four letters that name what they are."""
    size = sum(part.size for part in parts)
    return _HEADER.pack(kind, VERSION, size) + b"".join(part.astype("<f8").tobytes() for part in parts)


def unpack(kind: bytes, data: bytes, *sizes: int) -> list[Floats]:
    """Return the rows that ``pack`` was given; StateError where the bytes are of another kind, version or length."""
    if len(data) < _HEADER.size:
        raise StateError(f"expected at least {_HEADER.size} bytes of state, found {len(data)}")
    found_kind, version, size = _HEADER.unpack_from(data)
    if (found_kind, version, size) != (kind, VERSION, sum(sizes)):
        raise StateError(f"expected {kind!r} version {VERSION} of {sum(sizes)} doubles, found {found_kind!r} {version} of {size}")
    if len(data) != _HEADER.size + 8 * size:
        raise StateError(f"expected {_HEADER.size + 8 * size} bytes of state, found {len(data)}")
    values = np.frombuffer(data, dtype="<f8", offset=_HEADER.size).astype(np.float64)
    return np.split(values, np.cumsum(sizes)[:-1])

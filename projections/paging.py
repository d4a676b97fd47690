"""Places a reader continues from: behind a row of a list, and behind what it has seen of the log.

Both go out as text that says nothing to its holder and carries a check: what was mistyped, cut or made up is refused.
"""

import base64
import binascii
import struct
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

_CHECK_BYTES = 6
_CURSOR = struct.Struct(">q16s")
_POSITION = struct.Struct(">HQ")
_LONGEST = 4_000


class UnreadableCursor(ValueError):  # noqa: N818  (what it is: a cursor that cannot be read)
    """The text is no cursor or place that this service gave out."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Continue behind this row of a list by (decided_at, id), newest first."""

    decided_at: int
    """Microseconds since the Unix epoch."""
    id: str

    def text(self) -> str:
        """Return the cursor as it is given out."""
        return _sealed(b"c1", _CURSOR.pack(self.decided_at, uuid.UUID(self.id).bytes))

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Return the cursor that was given out; UnreadableCursor where it was not."""
        body = _opened(b"c1", text)
        if len(body) != _CURSOR.size:
            raise UnreadableCursor(f"expected a cursor of {_CURSOR.size} bytes, found {len(body)}")
        decided_at, octets = _CURSOR.unpack(body)
        return cls(decided_at, str(uuid.UUID(bytes=octets)))


@dataclass(frozen=True, slots=True)
class Place:
    """Continue a topic from these offsets by partition; a partition that is not named from its start."""

    next_offsets: Mapping[int, int]

    def text(self) -> str:
        """Return the place as it is given out."""
        return _sealed(b"p1", b"".join(_POSITION.pack(*position) for position in sorted(self.next_offsets.items())))

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Return the place that was given out; UnreadableCursor where it was not."""
        body = _opened(b"p1", text)
        if len(body) % _POSITION.size:
            raise UnreadableCursor(f"expected positions of {_POSITION.size} bytes, found {len(body)} bytes")
        return cls(dict(_POSITION.iter_unpack(body)))

    def after(self, partition: int, offset: int) -> "Place":
        """Return the place behind a record."""
        return Place({**self.next_offsets, partition: offset + 1})


def _sealed(kind: bytes, body: bytes) -> str:
    return base64.urlsafe_b64encode(_check(kind, body) + body).decode().rstrip("=")


def _opened(kind: bytes, text: str) -> bytes:
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True) if len(text) <= _LONGEST else b""
    except (binascii.Error, ValueError) as error:
        raise UnreadableCursor(f"expected a cursor that was given out, found {text[:40]!r}") from error
    body = sealed[_CHECK_BYTES:]
    if len(sealed) < _CHECK_BYTES or sealed[:_CHECK_BYTES] != _check(kind, body):
        raise UnreadableCursor(f"expected a cursor that was given out, found {text[:40]!r}")
    return body


def _check(kind: bytes, body: bytes) -> bytes:
    return blake2b(body, digest_size=_CHECK_BYTES, person=kind).digest()

import socket
import struct
from collections.abc import Iterator
from enum import IntEnum

# A frame: one byte that says what it is, eight bytes length (big-endian), the payload.
_HEADER = struct.Struct(">BQ")
_STATEMENT_LENGTH = struct.Struct(">I")
MAX_PAYLOAD_BYTES = 1 << 30
# Large payloads are handed on piece by piece: two and a half times faster than in one piece, because no memory is touched for
# the first time.
CHUNK_BYTES = 1 << 20


class Frame(IntEnum):
    """What the owner of the chdb folder is asked (below 16) and what it answers.

    EXECUTE and QUERY carry SQL as UTF-8. INSERT carries the length of the INSERT statement (four bytes, big-endian), the
    statement without FORMAT, and an Arrow IPC stream. RESULT carries an Arrow IPC stream, REJECTED the engine's message.
    """

    EXECUTE = 1
    QUERY = 2
    INSERT = 3
    DONE = 16
    RESULT = 17
    REJECTED = 18


class FrameError(ConnectionError):
    """The other side broke off in the middle of a frame, or sent what is no frame."""


def widen(connection: socket.socket) -> socket.socket:
    """Give the socket buffers that hold a chunk, so that both sides work at the same time."""
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        connection.setsockopt(socket.SOL_SOCKET, option, 2 * CHUNK_BYTES)
    return connection


def send_header(connection: socket.socket, kind: Frame, size: int) -> None:
    """Announce a frame of `size` bytes; raises ValueError if that is too large, and OSError."""
    if size > MAX_PAYLOAD_BYTES:
        raise ValueError(f"expected a frame of at most {MAX_PAYLOAD_BYTES} bytes, found {size}")
    connection.sendall(_HEADER.pack(kind, size))


def send_frame(connection: socket.socket, kind: Frame, payload: bytes | memoryview = b"") -> None:
    """Send one whole frame; raises ValueError if it is too large, and OSError."""
    send_header(connection, kind, len(payload))
    if payload:
        connection.sendall(payload)


def statement_prefix(statement: str) -> bytes:
    """Return what precedes the Arrow stream in an INSERT frame."""
    text = statement.encode()
    return _STATEMENT_LENGTH.pack(len(text)) + text


def receive_header(connection: socket.socket) -> tuple[Frame, int] | None:
    """Return the kind and size of the next frame, None if the other side closed between frames; raises FrameError and OSError."""
    header = b"".join(_pieces(connection, _HEADER.size, may_end=True))
    if not header:
        return None
    code, size = _HEADER.unpack(header)
    if size > MAX_PAYLOAD_BYTES or code not in Frame.__members__.values():
        raise FrameError(f"expected a frame of at most {MAX_PAYLOAD_BYTES} bytes, found kind {code} and {size} bytes")
    return Frame(code), size


def receive(connection: socket.socket, size: int) -> bytes:
    """Exactly `size` bytes; raises FrameError and OSError."""
    return b"".join(_pieces(connection, size))


def receive_statement(connection: socket.socket, size: int) -> tuple[str, int]:
    """Return the statement that an INSERT frame of `size` bytes begins with, and the size of the stream behind it."""
    (length,) = _STATEMENT_LENGTH.unpack(receive(connection, _STATEMENT_LENGTH.size))
    rest = size - _STATEMENT_LENGTH.size - length
    if rest < 0:
        raise FrameError(f"expected a statement within {size} bytes, found a length of {length}")
    return receive(connection, length).decode(), rest


class Stream:
    """The part of a frame that is read piece by piece; what is left of it has to be drained before the next frame."""

    def __init__(self, connection: socket.socket, size: int) -> None:
        self._pieces = _pieces(connection, size)

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def drain(self) -> None:
        """Read and forget the rest."""
        for _ in self._pieces:
            pass


def _pieces(connection: socket.socket, size: int, *, may_end: bool = False) -> Iterator[bytes]:
    """Pieces that make up `size` bytes; with `may_end`, none at all if the connection ends before the first."""
    left = size
    while left:
        piece = connection.recv(min(left, CHUNK_BYTES))
        if not piece:
            if may_end and left == size:
                return
            raise FrameError(f"the connection ended after {size - left} of {size} bytes")
        left -= len(piece)
        yield piece

import socket
import struct
from collections.abc import Sequence
from enum import IntEnum

# A frame: one byte that says what it is, eight bytes length (big-endian), the payload.
_HEADER = struct.Struct(">BQ")
MAX_PAYLOAD_BYTES = 1 << 30


class Frame(IntEnum):
    """What the owner of the chdb folder is asked (below 16) and what it answers.

    EXECUTE and QUERY carry SQL as UTF-8. INSERT carries the INSERT statement without FORMAT, preceded by its length (four bytes,
    big-endian), and then an Arrow IPC stream. RESULT carries an Arrow IPC stream, REJECTED the engine's message.
    """

    EXECUTE = 1
    QUERY = 2
    INSERT = 3
    DONE = 16
    RESULT = 17
    REJECTED = 18


class FrameError(ConnectionError):
    """The other side broke off in the middle of a frame, or sent what is no frame."""


_LENGTH = struct.Struct(">I")


def send_frame(connection: socket.socket, kind: Frame, parts: Sequence[bytes | memoryview]) -> None:
    """Send one frame made of `parts`; raises OSError."""
    size = sum(len(part) for part in parts)
    if size > MAX_PAYLOAD_BYTES:
        raise ValueError(f"a frame holds at most {MAX_PAYLOAD_BYTES} bytes, found {size}")
    connection.sendall(_HEADER.pack(kind, size))
    for part in parts:
        connection.sendall(part)


def receive_frame(connection: socket.socket) -> tuple[Frame, memoryview] | None:
    """Receive one frame, or None where the other side closed between two frames; raises FrameError and OSError."""
    header = _receive(connection, _HEADER.size)
    if header is None:
        return None
    code, size = _HEADER.unpack(header)
    if size > MAX_PAYLOAD_BYTES or code not in Frame.__members__.values():
        raise FrameError(f"expected a frame of at most {MAX_PAYLOAD_BYTES} bytes, found kind {code} and {size} bytes")
    payload = _receive(connection, size)
    if payload is None:
        raise FrameError(f"the connection ended before a payload of {size} bytes")
    return Frame(code), payload


def pack_insert(statement: str, stream: memoryview) -> list[bytes | memoryview]:
    """The parts of an INSERT frame."""
    text = statement.encode()
    return [_LENGTH.pack(len(text)), text, stream]


def unpack_insert(payload: memoryview) -> tuple[str, memoryview]:
    """The statement and the Arrow stream of an INSERT frame; raises FrameError."""
    if len(payload) < _LENGTH.size:
        raise FrameError(f"expected an INSERT frame of at least {_LENGTH.size} bytes, found {len(payload)}")
    (length,) = _LENGTH.unpack_from(payload)
    end = _LENGTH.size + length
    if len(payload) < end:
        raise FrameError(f"expected a statement of {length} bytes, found {len(payload) - _LENGTH.size}")
    return str(payload[_LENGTH.size : end], "utf-8"), payload[end:]


def _receive(connection: socket.socket, size: int) -> memoryview | None:
    """Exactly `size` bytes, or None if the connection ends before the first."""
    buffer = memoryview(bytearray(size))
    filled = 0
    while filled < size:
        received = connection.recv_into(buffer[filled:])
        if received == 0:
            if filled == 0:
                return None
            raise FrameError(f"the connection ended after {filled} of {size} bytes")
        filled += received
    return buffer

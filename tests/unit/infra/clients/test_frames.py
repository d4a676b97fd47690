import socket
import threading
from collections.abc import Iterator

import pytest

from infra.clients import frames
from infra.clients.frames import Frame, FrameError

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    left, right = socket.socketpair()
    with left, right:
        yield left, right


def test_a_frame_arrives_as_it_was_sent(pair: Pair) -> None:
    left, right = pair
    frames.send_frame(left, Frame.QUERY, b"SELECT 1")
    frames.send_frame(left, Frame.DONE)

    assert (Frame.QUERY, 8) == frames.receive_header(right)
    assert b"SELECT 1" == frames.receive(right, 8)
    assert (Frame.DONE, 0) == frames.receive_header(right)
    assert b"" == frames.receive(right, 0)


def test_a_frame_larger_than_all_buffers_arrives_whole(pair: Pair) -> None:
    left, right = pair
    payload = bytes(range(256)) * 40_000
    sender = threading.Thread(target=frames.send_frame, args=(left, Frame.RESULT, payload))
    sender.start()
    header = frames.receive_header(right)
    received = frames.receive(right, len(payload))
    sender.join()

    assert (Frame.RESULT, len(payload)) == header
    assert payload == received


def test_the_end_between_two_frames_is_an_end(pair: Pair) -> None:
    left, right = pair
    left.close()

    assert frames.receive_header(right) is None


@pytest.mark.parametrize("sent", [b"\x01", b"\x01\x00\x00\x00\x00"])
def test_the_end_within_a_header_is_an_error(pair: Pair, sent: bytes) -> None:
    left, right = pair
    left.sendall(sent)
    left.close()

    with pytest.raises(FrameError, match=f"after {len(sent)} of 9 bytes"):
        frames.receive_header(right)


def test_the_end_within_a_payload_is_an_error(pair: Pair) -> None:
    left, right = pair
    left.sendall(b"abc")
    left.close()

    with pytest.raises(FrameError, match="after 3 of 10 bytes"):
        frames.receive(right, 10)


@pytest.mark.parametrize("header", [bytes([99]) + bytes(8), bytes([1]) + b"\xff" * 8])
def test_what_is_no_frame_is_an_error(pair: Pair, header: bytes) -> None:
    left, right = pair
    left.sendall(header)

    with pytest.raises(FrameError, match="expected a frame"):
        frames.receive_header(right)


def test_a_frame_that_is_too_large_is_not_sent(pair: Pair) -> None:
    with pytest.raises(ValueError, match="expected a frame of at most"):
        frames.send_header(pair[0], Frame.RESULT, frames.MAX_PAYLOAD_BYTES + 1)


def test_an_insert_is_its_statement_and_a_stream(pair: Pair) -> None:
    left, right = pair
    prefix = frames.statement_prefix("INSERT INTO `tänze`")
    left.sendall(prefix + b"stream" + b"next")

    statement, rest = frames.receive_statement(right, len(prefix) + 6)

    assert ("INSERT INTO `tänze`", 6) == (statement, rest)
    assert b"stream" == b"".join(frames.Stream(right, rest))
    assert b"next" == frames.receive(right, 4)


def test_a_stream_that_was_read_in_part_can_be_drained(pair: Pair) -> None:
    left, right = pair
    left.sendall(b"x" * 1000 + b"next")
    stream = frames.Stream(right, 1000)
    stream.drain()

    assert [] == list(stream)
    assert b"next" == frames.receive(right, 4)


def test_a_statement_longer_than_its_frame_is_an_error(pair: Pair) -> None:
    left, right = pair
    left.sendall(frames.statement_prefix("INSERT INTO t"))

    with pytest.raises(FrameError, match="expected a statement within 10 bytes"):
        frames.receive_statement(right, 10)

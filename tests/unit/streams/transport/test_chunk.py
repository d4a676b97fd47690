"""A chunk knows what it follows, and gives what was not folded yet."""

from streams.transport.chunk import Chunk
from tests.builders import Record


def chunk(*offsets: int, follows: int = 0) -> Chunk:
    return Chunk("t", 0, follows, [Record(b"k", b"v", offset) for offset in offsets])


def test_the_next_offset_is_the_one_after_the_last_record() -> None:
    assert 8 == chunk(3, 7).next_offset


def test_records_before_the_position_are_left_out_and_gaps_do_not_matter() -> None:
    assert [7, 9] == [record.offset for record in chunk(3, 7, 9).since(4)]


def test_a_chunk_that_lies_behind_the_position_gives_nothing() -> None:
    assert [] == list(chunk(3, 7).since(8))

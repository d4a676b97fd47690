import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.batch import Batch, Position, batch_of
from projections.offsets import Move
from projections.records import Flaw
from tests.unit.projections.log import TOPIC, FakeMessage


def messages(*places: tuple[int, int]) -> list[FakeMessage]:
    return [FakeMessage(at, b"%d" % at[1], appended_ms=1_000 * at[1]) for at in places]


def positions(**at: int) -> dict[tuple[str, int], Position]:
    return {(TOPIC, int(name[1:])): Position(7, offset, offset) for name, offset in at.items()}


def made(*places: tuple[int, int], **at: int) -> Batch:
    batch = batch_of(TOPIC, messages(*places), positions(**at))
    assert batch is not None
    return batch


def test_records_are_ordered_by_partition_and_offset() -> None:
    batch = made((1, 4), (0, 9), (1, 5), (0, 12), p0=9, p1=2)

    assert [(0, 9), (0, 12), (1, 4), (1, 5)] == list(zip(batch.records.partitions, batch.records.offsets, strict=True))
    assert [b"9", b"12", b"4", b"5"] == list(batch.records.values)
    assert [(0, 9), (0, 12), (1, 4), (1, 5)] == [message.at for message in batch.messages]  # type: ignore[attr-defined]


def test_a_range_begins_at_the_position_and_ends_behind_the_last_record() -> None:
    batch = made((0, 9), (0, 12), p0=8)

    assert (Move(TOPIC, 0, 7, 8, 13),) == batch.moves


def test_what_was_read_before_comes_no_second_time() -> None:
    batch = made((0, 3), (0, 4), (0, 5), (0, 4), (0, 5), (0, 6), p0=4)

    assert [4, 5, 6] == batch.records.offsets.tolist()


def test_partitions_that_are_not_ours_are_left_out() -> None:
    batch = made((0, 1), (3, 1), p0=0)

    assert [0] == batch.records.partitions.tolist()


def test_nothing_new_is_no_batch() -> None:
    assert batch_of(TOPIC, messages((0, 1), (2, 9)), positions(p0=2)) is None


def test_append_times_are_those_of_the_first_and_the_last_record() -> None:
    assert {0: (9.0, 12.0), 1: (4.0, 4.0)} == made((1, 4), (0, 9), (0, 12), p0=0, p1=0).appended_at()


def test_a_bad_record_is_told_as_it_came() -> None:
    bad = made((1, 4), (0, 9), p0=0, p1=0).bad_record("words.v1", Flaw(1, "bad_value", "why"))

    assert (TOPIC, 1, 4, b"key", b"4", 4_000_000) == (*(bad.topic, bad.partition, bad.offset, bad.key, bad.value, bad.appended_at),)
    assert ("words.v1", "bad_value", "why", (("ce_id", b"1"),)) == (bad.projection, bad.code, bad.message, bad.headers)


@given(offsets=st.lists(st.lists(st.integers(0, 30), min_size=1, unique=True).map(sorted), min_size=1, max_size=3))
def test_halves_are_the_whole_one_after_the_other(offsets: list[list[int]]) -> None:
    places = [(partition, offset) for partition, own in enumerate(offsets) for offset in own]
    if len(places) < 2:
        return
    batch = made(*places, **{f"p{partition}": 0 for partition in range(len(offsets))})

    first, second = batch.halves()

    assert [*batch.records.values] == [*first.records.values, *second.records.values]
    assert [*batch.messages] == [*first.messages, *second.messages]
    stands = dict.fromkeys(range(len(offsets)), 0)
    for half in (first, second):
        covered = {move.partition: (move.first_offset, move.next_offset) for move in half.moves}
        assert all(stands[partition] == begin < end for partition, (begin, end) in covered.items())
        for partition, offset in zip(half.records.partitions.tolist(), half.records.offsets.tolist(), strict=True):
            assert covered[partition][0] <= offset < covered[partition][1]
        stands |= {partition: end for partition, (_, end) in covered.items()}
    assert {move.partition: move.next_offset for move in batch.moves} == stands


@pytest.mark.parametrize(
    ("waiting", "stored", "at_end", "late_s"),
    [
        (None, None, False, 0.0),
        (None, 40.0, False, 60.0),
        (None, 40.0, True, 0.0),
        (90.0, 40.0, True, 10.0),
        (101.0, None, False, 0.0),
    ],
)
def test_seconds_behind_are_the_age_of_what_waits_or_was_stored_last(
    waiting: float | None, stored: float | None, at_end: bool, late_s: float
) -> None:
    position = Position(1, 5, 5, stored_until=stored, waiting_since=waiting)

    assert late_s == position.late_s(100.0, at_end)

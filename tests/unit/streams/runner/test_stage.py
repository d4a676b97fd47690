"""A stage takes what its process wrote to an input only where nothing can lie between that and what it has folded."""

from collections.abc import Mapping, Sequence

import pytest

from streams.fold import Emission, InputRecord
from streams.runner.stage import Stage, Written


class Silent:
    def restore(self, state: Mapping[bytes, bytes]) -> None: ...

    def apply(self, topic: str, records: Sequence[InputRecord]) -> None: ...

    def has_outputs(self) -> bool:
        return False

    def drain(self) -> Emission:
        return Emission()

    def watermark(self) -> int | None:
        return None


def stage(position: int, *, last_written: int | None = None) -> Stage:
    made = Stage("features", ["bars"], Silent(), {"bars": position})
    if last_written is not None:
        made.note_written("bars", last_written)
    return made


def written(*offsets: int) -> list[Written]:
    return [Written(b"ES", b"bar", [], offset, 0) for offset in offsets]


def test_what_lies_at_the_position_comes_next() -> None:
    assert stage(7).continues("bars", written(7, 8, 9))


def test_the_marker_of_ones_own_last_transaction_may_lie_between() -> None:
    assert stage(7, last_written=6).continues("bars", written(8, 9))


@pytest.mark.parametrize(
    ("position", "last_written", "offsets"),
    [
        (7, None, (8,)),  # a record of somebody else, or a marker: nobody here knows
        (7, 4, (8,)),  # what lies at 6 was written by somebody else, so what lies at 7 may be as well
        (7, 6, (9,)),  # a marker takes one offset, not two
        (7, 6, (6,)),
        (7, 6, (8, 10)),  # somebody wrote between
        (7, 6, (8, -1)),  # the broker did not tell where it lies
        (7, 6, (-1, 8)),
    ],
)
def test_what_may_have_something_before_it_is_left_to_the_reader(
    position: int, last_written: int | None, offsets: tuple[int, ...]
) -> None:
    assert not stage(position, last_written=last_written).continues("bars", written(*offsets))


def test_what_is_taken_names_the_inputs_that_moved_since_the_last_time() -> None:
    one = stage(7)
    one.fold_records("bars", written(7, 8), 9)

    assert {"bars": 9} == one.take().moved
    assert one.take().is_empty

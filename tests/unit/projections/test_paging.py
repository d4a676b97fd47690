import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.paging import Cursor, Place, UnreadableCursor

cursors = st.builds(Cursor, st.integers(-(2**62), 2**62), st.uuids().map(str))
places = st.dictionaries(st.integers(0, 65_535), st.integers(0, 2**63), max_size=8).map(Place)


@given(cursor=cursors)
def test_a_cursor_comes_back(cursor: Cursor) -> None:
    assert cursor == Cursor.parse(cursor.text())


@given(place=places)
def test_a_place_comes_back(place: Place) -> None:
    assert place == Place.parse(place.text())


@given(cursor=cursors, at=st.integers(0, 39), letter=st.sampled_from("AZaz09-_"))
def test_a_cursor_that_was_changed_is_refused(cursor: Cursor, at: int, letter: str) -> None:
    text = cursor.text()
    changed = text[:at] + letter + text[at + 1 :]
    if changed == text:
        return

    # the last character has bits that stand for nothing
    assert changed[:-1] == text[:-1] or raises_unreadable(Cursor, changed)


@given(text=st.text(max_size=80))
def test_what_was_not_given_out_is_refused(text: str) -> None:
    assert raises_unreadable(Cursor, text)
    assert raises_unreadable(Place, text)


def test_a_place_is_no_cursor_and_a_cursor_no_place() -> None:
    assert raises_unreadable(Cursor, Place({0: 1, 1: 2}).text())
    assert raises_unreadable(Place, Cursor(1, str(uuid.UUID(int=7))).text())


def test_a_text_that_is_far_too_long_is_refused() -> None:
    assert raises_unreadable(Place, Place(dict.fromkeys(range(1000), 1)).text())


def test_an_unreadable_cursor_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="expected a cursor that was given out, found 'nonsense'"):
        Cursor.parse("nonsense")


def test_a_place_moves_behind_a_record() -> None:
    assert Place({0: 5, 1: 8}) == Place({0: 5}).after(1, 7)


def raises_unreadable(kind: type[Cursor] | type[Place], text: str) -> bool:
    with pytest.raises(UnreadableCursor):
        kind.parse(text)
    return True

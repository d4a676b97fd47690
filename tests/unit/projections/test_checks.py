import uuid

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.checks import Names, are_storable_times, are_uuids, is_storable_time, is_uuid, pass_all
from projections.records import EARLIEST, LATEST
from projections.versions import Projection, checked_schema

NAMES = Names()
odd_ids = st.one_of(st.uuids().map(str), st.text(max_size=40), st.uuids().map(lambda one: str(one).upper()))


@given(one=st.uuids())
def test_a_uuid_is_one(one: uuid.UUID) -> None:
    assert is_uuid(str(one))


@pytest.mark.parametrize(
    "text", ["", "x", str(uuid.UUID(int=1)).replace("-", ""), str(uuid.UUID(int=10**37)).upper(), f"{uuid.UUID(int=1)}\n"]
)
def test_a_uuid_that_would_not_come_back_the_same_is_none(text: str) -> None:
    assert not is_uuid(text)


@given(texts=st.lists(odd_ids, max_size=6))
def test_many_uuids_are_judged_as_each_is(texts: list[str]) -> None:
    assert [is_uuid(text) for text in texts] == are_uuids(texts).tolist()


@given(texts=st.lists(st.sampled_from(["ES", "AAPL", "no symbol", ""]), max_size=8))
def test_many_names_are_judged_as_each_is(texts: list[str]) -> None:
    assert [NAMES.symbol(text) for text in texts] == pass_all(texts, NAMES.symbol).tolist()


@pytest.mark.parametrize(("text", "holds"), [("BRK.B", True), ("es", False), ("A" * 17, False), ("ES\n", False), ("", False)])
def test_symbols(text: str, holds: bool) -> None:
    assert holds == NAMES.symbol(text)


@pytest.mark.parametrize(("text", "holds"), [("1m", True), ("90s", True), ("0m", False), ("1 m", False), ("", False)])
def test_intervals(text: str, holds: bool) -> None:
    assert holds == NAMES.interval(text)


@pytest.mark.parametrize(("text", "holds"), [("feed", True), ("", False), ("a\0b", False), ("a" * 201, False)])
def test_names(text: str, holds: bool) -> None:
    assert holds == NAMES.name(text)


def test_times_that_a_store_cannot_hold_are_told() -> None:
    times = np.array([EARLIEST - 1, EARLIEST, LATEST - 1, LATEST])

    assert [False, True, True, False] == are_storable_times(times).tolist() == [is_storable_time(int(time)) for time in times]


def test_a_projection_has_tables_offsets_and_a_group_of_its_version() -> None:
    assert ("read_v2", "projections.bars.v2") == (
        Projection("bars", "market.bars", 2).schema,
        Projection("bars", "market.bars", 2).group,
    )


@pytest.mark.parametrize("schema", ["", "Read", "1a", "a-b", "a b", "a.b", "a" * 40, 'a"'])
def test_a_schema_name_that_could_mean_something_else_is_refused(schema: str) -> None:
    with pytest.raises(ValueError, match="expected a schema name"):
        checked_schema(schema)

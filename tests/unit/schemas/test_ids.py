from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import derived_id


def test_the_same_parts_give_the_same_id_for_ever() -> None:
    assert "24f65441-1752-5c50-b4af-7a11bf3f3a44" == derived_id("market.bar", "a", 1)
    assert derived_id("market.bar", "a", 1) == derived_id("market.bar", "a", "1")
    assert 5 == UUID(derived_id("market.bar", "a", 1)).version


@given(first=st.integers(), second=st.integers())
def test_other_parts_give_another_id(first: int, second: int) -> None:
    assert (first == second) == (derived_id("t", first) == derived_id("t", second))
    assert derived_id("t", first) != derived_id("u", first)

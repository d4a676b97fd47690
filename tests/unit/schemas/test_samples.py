import math

from pydantic_core import PydanticUndefined

from schemas.registry import EVENTS
from schemas.samples import samples


def test_there_is_one_sample_of_each_event() -> None:
    assert [event.TYPE for event in EVENTS] == [sample.TYPE for sample in samples()]


def test_samples_are_the_same_on_every_call() -> None:
    assert [repr(sample) for sample in samples()] == [repr(sample) for sample in samples()]


def test_no_field_of_a_sample_has_its_default() -> None:
    """A default would decode even from a schema that had lost the field."""
    defaulted = [
        f"{sample.TYPE}.{name}"
        for sample in samples()
        for name, info in type(sample).model_fields.items()
        if info.default is not PydanticUndefined and getattr(sample, name) == info.default
    ]

    assert [] == defaulted


def test_values_that_break_easily_are_among_them() -> None:
    by_type = {sample.TYPE: sample.model_dump() for sample in samples()}

    assert any(math.isnan(value) for value in by_type["signals.features"]["raw"].values())
    assert not by_type["market.news"]["headline"].isascii()
    assert by_type["operations.dead_letter"]["record_key"] is None

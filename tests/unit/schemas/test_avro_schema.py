from typing import Any, ClassVar, Literal

import pytest
from pydantic import Field

from schemas.avro_schema import avro_schema
from schemas.events.base import Event
from schemas.events.market import ClockAdvanced, Tick
from schemas.events.operations import DeadLetter
from schemas.events.recommendations import RecommendationMade


def field(event: type[Event], name: str) -> dict[str, Any]:
    found: dict[str, Any]
    [found] = [item for item in avro_schema(event)["fields"] if item["name"] == name]
    return found


def test_a_record_is_named_and_explained() -> None:
    schema = avro_schema(Tick)

    assert ("record", "Tick", "ai.autotrader") == (schema["type"], schema["name"], schema["namespace"])
    assert schema["doc"].startswith(f"market.tick version {Tick.VERSION}. One trade.")


def test_fields_stand_in_the_order_of_the_model() -> None:
    assert list(Tick.model_fields) == [item["name"] for item in avro_schema(Tick)["fields"]]


def test_times_say_their_unit() -> None:
    assert {"type": "long", "logicalType": "timestamp-micros"} == field(Tick, "event_time")["type"]


def test_defaults_and_descriptions_come_along() -> None:
    assert {"name": "conditions", "type": "string", "doc": "trade conditions as the source states them", "default": ""} == field(
        Tick, "conditions"
    )
    assert [] == field(ClockAdvanced, "symbols")["default"]


def test_choices_are_enums_and_options_are_unions_with_null() -> None:
    assert ["heartbeat", "idle", "ended"] == field(ClockAdvanced, "reason")["type"]["symbols"]
    assert ["null", "bytes"] == field(DeadLetter, "record_key")["type"]


def test_a_part_is_spelt_out_once_and_named_afterwards() -> None:
    assert "record" == field(RecommendationMade, "raw")["type"]["type"]
    assert "ai.autotrader.FeatureVector" == field(RecommendationMade, "normalised")["type"]


class Odd(Event):
    TYPE: ClassVar[str] = "made_up.odd"


@pytest.mark.parametrize(
    ("annotation", "default", "message"),
    [
        (complex, ..., "a type that Avro can say"),
        (tuple[int, str], ..., "a tuple of any length of one type"),
        (int | str, ..., "one type or none of it"),
        (int | None, 3, "None, the first of the union, as the default"),
        (list[int], ..., "a type that Avro can say"),
    ],
)
def test_what_avro_cannot_say_is_refused(annotation: Any, default: Any, message: str) -> None:
    odd = type("Odd", (Odd,), {"__annotations__": {"value": annotation}, **({} if default is ... else {"value": default})})

    with pytest.raises(TypeError, match=f"Odd.value: expected {message}"):
        avro_schema(odd)


def test_a_default_that_is_made_on_demand_is_refused() -> None:
    class Made(Odd):
        value: str = Field(default_factory=str)

    with pytest.raises(TypeError, match=r"Made\.value: expected a default that the schema can state, found a factory"):
        avro_schema(Made)


def test_a_class_without_words_has_an_empty_description() -> None:
    class Quiet(Odd):
        value: Literal["a"]

    Quiet.__doc__ = None

    assert avro_schema(Quiet)["doc"].startswith("made_up.odd version 1.")

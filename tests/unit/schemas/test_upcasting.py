from typing import Any, ClassVar

import pytest
from pydantic import Field

from schemas.avro_schema import avro_schema
from schemas.codec import Codec
from schemas.events.base import Event, Record
from schemas.registry import Catalogue, SchemaVersion, committed_catalogue
from schemas.upcasting import STEPS, Step, upgrades


class Leg(Record):
    """A part of a made-up event."""

    price: float
    venue: str = ""


class Quoted(Event):
    """A made-up event, as it is today: its third version."""

    TYPE: ClassVar[str] = "made_up.quoted"
    VERSION: ClassVar[int] = 3

    bid: float
    currency: str = "USD"
    legs: tuple[Leg, ...] = ()
    note: str | None = None


class Priced(Event):
    """A made-up event that replaced ``made_up.quoted``: a field was renamed, which a new version may not do."""

    TYPE: ClassVar[str] = "made_up.priced"

    price: float = Field(ge=0)
    currency: str


def schema(version: int, *fields: dict[str, Any]) -> SchemaVersion:
    body = {"type": "record", "name": "Quoted", "namespace": "n", "fields": list(fields)}
    return SchemaVersion(version, Quoted.TYPE, version, body)


LEG = {"type": "record", "name": "Leg", "namespace": "n", "fields": [{"name": "price", "type": "double"}]}
FIRST = schema(1, {"name": "bid", "type": "double"}, {"name": "venue", "type": "string", "default": ""})
SECOND = schema(2, {"name": "bid", "type": "double"}, {"name": "legs", "type": {"type": "array", "items": LEG}, "default": []})
THIRD = SchemaVersion(3, Quoted.TYPE, 3, avro_schema(Quoted))
QUOTED = Catalogue((FIRST, SECOND, THIRD), {Quoted.TYPE: Quoted})


def written(version: SchemaVersion, record: dict[str, Any]) -> bytes:
    """Bytes as a producer wrote them when this version was the newest."""
    then = type("Then", (Event,), {"TYPE": version.type, "VERSION": version.version, "__annotations__": {"TYPE": ClassVar[str]}})
    return Codec(Catalogue((version,), {version.type: then})).encode_record(version.type, record)


def test_what_is_new_takes_its_default_and_what_was_dropped_goes() -> None:
    old = written(FIRST, {"bid": 1.5, "venue": "X"})

    assert Quoted(bid=1.5) == Codec(QUOTED).decode(old)


def test_parts_within_an_event_are_brought_up_to_date_too() -> None:
    old = written(SECOND, {"bid": 1.5, "legs": [{"price": 2.5}]})

    assert ("made_up.quoted", {"bid": 1.5, "currency": "USD", "legs": [{"price": 2.5, "venue": ""}], "note": None}) == Codec(
        QUOTED
    ).decode_record(old)


def test_a_record_of_today_is_left_alone() -> None:
    today = Quoted(bid=1.5, currency="EUR", legs=(Leg(price=2.5, venue="X"),), note="n")

    assert today == Codec(QUOTED).decode(Codec(QUOTED).encode(today))
    assert {1, 2} == set(upgrades(QUOTED))


def test_a_step_knows_what_no_default_can_say() -> None:
    to_legs = Step((Quoted.TYPE, 1), (Quoted.TYPE, 2), lambda old: {"bid": old["bid"], "legs": [{"price": old["bid"]}]})

    back = Codec(QUOTED, [to_legs]).decode(written(FIRST, {"bid": 1.5, "venue": "X"}))

    assert Quoted(bid=1.5, legs=(Leg(price=1.5),)) == back


def test_an_event_that_was_replaced_comes_out_as_its_successor() -> None:
    fourth = SchemaVersion(4, Priced.TYPE, 1, avro_schema(Priced))
    catalogue = Catalogue((FIRST, SECOND, THIRD, fourth), {Priced.TYPE: Priced})
    renamed = Step((Quoted.TYPE, 3), (Priced.TYPE, 1), lambda old: {"price": old["bid"], "currency": old["currency"]})
    codec = Codec(catalogue, [renamed])

    for old in (written(FIRST, {"bid": 1.5}), written(SECOND, {"bid": 1.5}), written(THIRD, Quoted(bid=1.5).model_dump())):
        assert Priced(price=1.5, currency="USD") == codec.decode(old)


def test_a_value_that_an_enum_no_longer_has_becomes_its_default() -> None:
    class Closed(Event):
        """A made-up event whose reason lost a value."""

        TYPE: ClassVar[str] = "made_up.closed"
        VERSION: ClassVar[int] = 2

        reason: str

    def version(number: int, *symbols: str) -> SchemaVersion:
        kind = {"type": "enum", "name": "Reason", "namespace": "n", "symbols": list(symbols), "default": "other"}
        body = {"type": "record", "name": "Closed", "namespace": "n", "fields": [{"name": "reason", "type": kind}]}
        return SchemaVersion(number, Closed.TYPE, number, body)

    versions = (version(1, "other", "late"), version(2, "other"))
    codec = Codec(Catalogue(versions, {Closed.TYPE: Closed}))

    assert Closed(reason="other") == codec.decode(written(versions[0], {"reason": "late"}))


def test_a_chain_that_leads_nowhere_is_refused() -> None:
    replaced = Catalogue((FIRST,), {})

    with pytest.raises(ValueError, match=r"expected a step or a schema that leads on, found none to made_up\.quoted version 2"):
        Codec(replaced)


def test_a_chain_without_an_end_is_refused() -> None:
    back = Step((Quoted.TYPE, 2), (Quoted.TYPE, 1), dict)

    with pytest.raises(ValueError, match=r"expected steps that end, found a circle at made_up\.quoted version 1"):
        upgrades(Catalogue((FIRST, SECOND, THIRD), {Quoted.TYPE: Quoted}), [back])


def test_two_steps_from_one_version_are_refused() -> None:
    step = Step((Quoted.TYPE, 1), (Quoted.TYPE, 2), dict)

    with pytest.raises(ValueError, match="expected one step from each version"):
        upgrades(QUOTED, [step, step])


def test_the_committed_steps_lead_to_today() -> None:
    assert set() == set(upgrades(committed_catalogue(), STEPS)) - {version.id for version in committed_catalogue().versions}

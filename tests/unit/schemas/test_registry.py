import json
from typing import ClassVar

import pytest

from schemas.events.base import Event
from schemas.registry import EVENT_BY_TYPE, EVENTS, Catalogue, SchemaVersion, committed_catalogue


class MadeUp(Event):
    """A made-up event."""

    TYPE: ClassVar[str] = "made_up"
    VERSION: ClassVar[int] = 2


def version(schema_id: int, number: int, name: str = "MadeUp") -> SchemaVersion:
    return SchemaVersion(schema_id, "made_up", number, {"type": "record", "name": name, "namespace": "n", "fields": []})


def test_every_event_has_a_current_schema() -> None:
    assert {event.TYPE for event in EVENTS} == set(committed_catalogue().current)


def test_names_and_subjects_are_of_one_event_only() -> None:
    assert len(EVENTS) == len(EVENT_BY_TYPE)
    assert (
        len(EVENTS) == len({(v.type, v.subject) for v in committed_catalogue().versions}) == len(committed_catalogue().subjects())
    )


def test_a_subject_is_the_name_of_the_record() -> None:
    assert "ai.autotrader.Tick" == committed_catalogue().current["market.tick"].subject


def test_history_is_oldest_first() -> None:
    catalogue = Catalogue((version(1, 2), version(2, 1)), {MadeUp.TYPE: MadeUp})

    assert [1, 2] == [found.version for found in catalogue.history("n.MadeUp")]
    assert [] == catalogue.history("n.Other")


def test_the_current_version_is_the_one_of_the_model() -> None:
    assert 1 == Catalogue((version(1, 2), version(2, 1)), {MadeUp.TYPE: MadeUp}).current["made_up"].id


def test_an_event_that_was_replaced_has_no_current_version() -> None:
    assert {} == Catalogue((version(1, 1),), {}).current


def test_the_text_is_the_schema_without_white_space() -> None:
    first = committed_catalogue().versions[0]

    assert first.schema == json.loads(first.text)
    assert ": " not in first.text.replace('": ', "")[:40]


def test_ids_of_a_registry_take_the_place_of_the_committed_ones() -> None:
    catalogue = Catalogue((version(1, 1), version(2, 2)), {MadeUp.TYPE: MadeUp})

    renumbered = catalogue.with_ids({("made_up", 1): 41, ("made_up", 2): 17})

    assert {41: 1, 17: 2} == {schema_id: found.version for schema_id, found in renumbered.by_id.items()}
    assert 17 == renumbered.current["made_up"].id


def test_an_id_that_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="expected an id for every schema version, found none for made_up version 2"):
        Catalogue((version(1, 1), version(2, 2)), {MadeUp.TYPE: MadeUp}).with_ids({("made_up", 1): 41})

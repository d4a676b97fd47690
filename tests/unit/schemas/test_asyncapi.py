from typing import Any

import pytest

from schemas.access import ROLES
from schemas.asyncapi import asyncapi_document
from schemas.registry import EVENTS, committed_catalogue
from schemas.topics import CHECKPOINTS, TICKS, TOPICS

DOCUMENT = asyncapi_document(committed_catalogue())


def resolved(reference: dict[str, str]) -> Any:
    part: Any = DOCUMENT
    for step in reference["$ref"].removeprefix("#/").split("/"):
        part = part[step]
    return part


def references(part: Any) -> list[dict[str, str]]:
    if isinstance(part, dict):
        return [part] if "$ref" in part else [found for value in part.values() for found in references(value)]
    return [found for value in part for found in references(value)] if isinstance(part, list) else []


def test_every_public_topic_is_a_channel_and_no_internal_one() -> None:
    assert {topic.name for topic in TOPICS.values() if topic.events} == set(DOCUMENT["channels"])
    assert CHECKPOINTS not in DOCUMENT["channels"]


def test_every_reference_leads_somewhere() -> None:
    assert all(resolved(reference) for reference in references(DOCUMENT["channels"]) + references(DOCUMENT["operations"]))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TYPE)
def test_a_message_states_headers_key_schema_and_an_example(event: Any) -> None:
    message = DOCUMENT["components"]["messages"][event.TYPE]

    assert committed_catalogue().current[event.TYPE].schema == message["payload"]["schema"]
    assert event.TYPE == message["headers"]["properties"]["ce_type"]["const"]
    assert set(message["headers"]["required"]) == set(message["examples"][0]["headers"])
    assert set(event.model_fields) == set(message["examples"][0]["payload"])
    assert "string" == message["bindings"]["kafka"]["key"]["type"]


def test_ticks_carry_no_header_that_a_consumer_can_do_without() -> None:
    assert ["ce_specversion", "ce_type", "ce_id", "ce_source"] == DOCUMENT["components"]["messages"]["market.tick"]["headers"][
        "required"
    ]


def test_each_role_has_an_operation_for_each_topic_that_it_reads_or_writes() -> None:
    operations = {
        (op["tags"][0]["name"], op["action"], op["channel"]["$ref"].removeprefix("#/channels/"))
        for op in DOCUMENT["operations"].values()
    }
    expected = {(role.name, "receive", topic) for role in ROLES.values() for topic in role.reads if TOPICS[topic].events}
    expected |= {(role.name, "send", topic) for role in ROLES.values() for topic in role.writes if TOPICS[topic].events}

    assert expected == operations


def test_retention_is_part_of_the_promise() -> None:
    binding = DOCUMENT["channels"][TICKS]["bindings"]["kafka"]

    assert 7 * 24 * 3600 * 1000 == binding["topicConfiguration"]["retention.ms"]

from dataclasses import dataclass

import pytest
from confluent_kafka import Producer

from schemas.events.market import Tick
from schemas.headers import cloud_event_headers
from schemas.topics import DEAD_LETTERS, TICKS
from streams.dead_letters import DeadLetterOffice
from tests.builders import Record, codec, tick
from tests.integration.ingest.command import Command
from tests.integration.ingest.topic import messages

pytestmark = pytest.mark.stack


@dataclass(frozen=True)
class Kept:
    """Two dead letters of one agent: one that decodes, one that never will."""

    command: Command
    agent: str

    def dlq(self, verb, *more):
        return self.command.run("dlq", verb, *more, "--json")

    def redriven(self):
        """Return the records in the ticks that were sent again for this agent."""
        key = self.agent.encode()
        return [found for found in messages(self.command.kafka, TICKS) if dict(found.headers() or ()).get("agent") == key]


@pytest.fixture
def kept(command, namespace):
    office = DeadLetterOffice(codec(), namespace, 2)
    headers = (*cloud_event_headers(tick()), ("agent", namespace.encode()), ("nothing", None))
    place = int(namespace[1:9], 16)  # an origin that no other test has
    good = Record(b"ES", codec().encode(tick()), place, 2, headers=headers)
    bad = Record(b"ES", b"\x00nonsense", place + 1, 2, headers=headers)
    producer = Producer({"bootstrap.servers": command.kafka, "partitioner": "murmur2_random"})
    for letter in (office.letter(TICKS, good, "too_late", "expected earlier"), office.letter(TICKS, bad, "undecodable", "no")):
        producer.produce(DEAD_LETTERS, letter.value, letter.key, headers=letter.headers)
    producer.flush(30)
    return Kept(command, namespace)


def test_letters_are_listed_and_chosen(kept):
    listed = kept.dlq("list", "--agent", kept.agent).result
    too_late = kept.dlq("list", "--agent", kept.agent, "--code", "too_late").result["dead_letters"]

    assert listed["total"] == 2
    assert [letter["code"] for letter in listed["dead_letters"]] == ["too_late", "undecodable"]
    assert [(letter["origin"].split("/")[:2], letter["redriven"]) for letter in too_late] == [([TICKS, "2"], False)]
    assert kept.command.run("dlq", "list", "--agent", kept.agent).code == 0


def test_one_letter_is_shown_with_its_bytes(kept):
    letter = kept.dlq("list", "--agent", kept.agent).result["dead_letters"][1]
    shown = kept.dlq("show", letter["id"][:13]).result

    assert (shown["value_hex"], shown["key"], shown["now"]) == (b"\x00nonsense".hex(), "ES", "unreadable")
    assert kept.dlq("show", letter["place"]).result["id"] == letter["id"]
    assert kept.dlq("show", "no-such-letter").code == 1


def test_a_dry_run_says_what_would_be_sent_and_sends_nothing(kept):
    ran = kept.dlq("redrive", "--agent", kept.agent, "--dry-run")

    assert ran.code == 0
    assert [plan["verdict"] for plan in ran.result["plans"]] == ["ready", "unreadable"]
    assert (ran.result["sent"], ran.result["would_send"]) == (0, 1)
    assert kept.redriven() == []


def test_a_letter_goes_back_to_its_partition_as_it_was_and_once(kept):
    first = kept.dlq("redrive", "--agent", kept.agent)
    again = kept.dlq("redrive", "--agent", kept.agent)
    [record] = kept.redriven()
    origin = kept.dlq("list", "--agent", kept.agent).result["dead_letters"][0]["origin"]

    assert (first.code, first.result["sent"]) == (3, 1)
    assert (again.code, again.result["sent"], again.result["redriven_before"]) == (3, 0, 1)
    assert (record.key(), record.partition()) == (b"ES", 2)
    assert isinstance(codec().decode(record.value()), Tick)
    assert record.headers()[:-1] == [*cloud_event_headers(tick()), ("agent", kept.agent.encode()), ("nothing", None)]
    assert record.headers()[-1] == ("redriven_from", origin.encode())


def test_what_does_not_decode_is_sent_when_forced(kept):
    ran = kept.dlq("redrive", "--agent", kept.agent, "--force")

    assert (ran.code, ran.result["sent"]) == (0, 2)
    assert [record.value() for record in kept.redriven()][1] == b"\x00nonsense"

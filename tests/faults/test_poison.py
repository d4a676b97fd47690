"""Records that cannot be processed: each becomes one dead letter that names it, and everything else is processed."""

import time
from collections import Counter

import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from infra.clients import kafka
from schemas.topics import DEAD_LETTERS
from tests.faults.conftest import Opening, Undisturbed
from tests.faults.platform import DERIVED, EXIT_FENCED, Platform
from tests.faults.poison import KINDS, poison, with_poison
from tests.faults.world import SHORT, side_messages, tick_messages

pytestmark = [pytest.mark.stack, pytest.mark.faults]

TINY = 200
"""Bytes: no dead letter is smaller."""


def test_each_poison_record_is_one_dead_letter_and_the_rest_is_processed(running: Platform, undisturbed: Undisturbed) -> None:
    messages = list(with_poison(tick_messages(SHORT), 200))
    running.write(side_messages())
    places = running.write(message.record for message in messages)
    running.streams()
    running.until_folded()
    expected = sorted((*place, message.code) for place, message in zip(places, messages, strict=True) if place and message.code)
    letters = running.dead_letters()

    assert len(expected) == 200
    assert len(KINDS) >= 10
    assert expected == sorted((letter["topic"], letter["partition"], letter["offset"], letter["code"]) for letter in letters)
    assert {letter["agent"] for letter in letters} == {"bars"}
    assert undisturbed.topics == running.fingerprints()
    print(Counter(code for *_, code in expected))


def test_a_dead_letter_that_cannot_be_written_stops_the_worker_without_committing(
    running: Platform, undisturbed: Undisturbed
) -> None:
    messages = list(tick_messages(SHORT))
    bad = next(poison(1))
    limit_messages(running, TINY)
    running.write([*side_messages(), *messages[: SHORT // 2]])
    place = running.write([bad.record])[0]
    running.write(messages[SHORT // 2 :])
    assert place is not None
    for _ in range(2):
        assert running.streams().wait(60) == EXIT_FENCED
        assert running.folded().get(("bars", place[0], place[1]), 0) <= place[2]
        assert running.dead_letters() == []
    limit_messages(running, 1_048_588)
    running.streams()
    running.until_folded()

    assert [place] == running.dead_letter_places()
    assert undisturbed.topics == running.fingerprints()


def limit_messages(running: Platform, most: int) -> None:
    """Let the topic of dead letters take messages of so many bytes at the most."""
    entry = ConfigEntry("max.message.bytes", str(most), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, DEAD_LETTERS, incremental_configs=[entry])
    admin = kafka.admin(running.settings.kafka, "test")
    for future in admin.incremental_alter_configs([resource]).values():
        future.result()


@pytest.mark.campaign
@pytest.mark.timeout(600)
def test_a_thousand_among_a_hundred_thousand_leave_most_of_the_throughput(open_platform: Opening) -> None:
    seconds: dict[int, list[float]] = {0: [], 1_000: []}
    found: dict[int, object] = {}
    for _ in range(2):
        for count, runs in seconds.items():
            with open_platform() as running:
                written = [message.record for message in with_poison(tick_messages(100_000), count)]
                running.write([*side_messages(), *written])
                running.streams()
                running.until(lambda running=running: bool(running.folded()))
                began = time.monotonic()
                running.until_folded()
                runs.append(time.monotonic() - began)
                assert len(running.dead_letters()) == count
                found[count] = running.fingerprints()
    ratio = min(seconds[0]) / min(seconds[1_000])
    print(f"throughput with poison: {ratio:.0%} of that without; seconds {seconds}")

    assert set(found[0]) == set(DERIVED)  # type: ignore[call-overload]
    assert found[0] == found[1_000]
    assert ratio >= 0.8

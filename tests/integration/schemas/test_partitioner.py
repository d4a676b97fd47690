"""Where a key goes, on a real broker: our murmur2, librdkafka's and the Java client's rule are one."""

import pytest
from confluent_kafka import KafkaError, Message

from infra.clients.kafka import admin, create_topics, producer
from infra.local.stack import EmbeddedStack
from infra.settings import KafkaSettings
from schemas.partitioner import partition_of
from schemas.topics import TopicSpec

pytestmark = pytest.mark.stack

PARTITIONS = 7
KEYS = [*(f"S{number}".encode() for number in range(500)), b"AAPL", b"BRK.B", b"ESU13", bytes(range(256)), "Zürich".encode()]


@pytest.fixture
def settings(stack: EmbeddedStack) -> KafkaSettings:
    return KafkaSettings(bootstrap=stack.endpoints().kafka)


def places(settings: KafkaSettings, topic: str, **overrides: str) -> dict[bytes | None, int | None]:
    """Produce one record of each key to a new topic, return the partition that each went to."""
    create_topics(admin(settings, "test"), [TopicSpec(topic, "symbol", (), "")], partitions=PARTITIONS, replication_factor=1)
    found: dict[bytes | None, int | None] = {}

    def delivered(error: KafkaError | None, record: Message) -> None:
        assert error is None
        found[record.key()] = record.partition()

    client = producer(settings, "test", **overrides)
    for key in KEYS:
        client.produce(topic, b"", key=key, on_delivery=delivered)
    assert 0 == client.flush(30)
    return found


def test_the_producer_puts_every_key_where_the_rule_says(settings: KafkaSettings, namespace: str) -> None:
    found = places(settings, namespace)

    assert {key: partition_of(key, PARTITIONS) for key in KEYS} == found
    assert set(range(PARTITIONS)) == set(found.values())


def test_librdkafkas_own_default_is_another_rule(settings: KafkaSettings, namespace: str) -> None:
    """Why the setting must never be forgotten."""
    assert {key: partition_of(key, PARTITIONS) for key in KEYS} != places(settings, namespace, partitioner="consistent_random")

import uuid
from dataclasses import dataclass, field

import pytest
from confluent_kafka import Consumer, KafkaException

from infra.clients.kafka import admin, consumer, create_topics, producer
from infra.local.stack import EmbeddedStack
from infra.settings import KafkaSettings
from schemas.partitioner import partition_of

pytestmark = pytest.mark.stack


@dataclass(frozen=True)
class Topic:
    name: str
    config: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def settings(stack: EmbeddedStack) -> KafkaSettings:
    return KafkaSettings(bootstrap=stack.endpoints().kafka)


@pytest.fixture
def topic(settings: KafkaSettings, namespace: str) -> str:
    create_topics(admin(settings, "test"), [Topic(namespace)], partitions=4, replication_factor=1)
    return namespace


def read(client: Consumer, topic: str, count: int) -> list[tuple[int, bytes, bytes]]:
    client.subscribe([topic])
    found: list[tuple[int, bytes, bytes]] = []
    for _ in range(100):
        found += [(m.partition(), m.key(), m.value()) for m in client.consume(100, timeout=0.2) if m.error() is None]
        if len(found) >= count:
            break
    client.close()
    return found


def test_topics_are_created_once_with_their_configuration(settings: KafkaSettings, namespace: str) -> None:
    client = admin(settings, "test")
    wanted = [Topic(f"{namespace}.a"), Topic(f"{namespace}.b", {"cleanup.policy": "compact"})]

    assert [topic.name for topic in wanted] == create_topics(client, wanted, partitions=3, replication_factor=1)
    assert [] == create_topics(client, wanted, partitions=3, replication_factor=1)
    assert 3 == len(client.list_topics(timeout=10).topics[f"{namespace}.b"].partitions)


def test_a_topic_with_another_number_of_partitions_is_refused(settings: KafkaSettings, topic: str) -> None:
    with pytest.raises(ValueError, match="expected 5 partitions, found 4"):
        create_topics(admin(settings, "test"), [Topic(topic)], partitions=5, replication_factor=1)


def test_a_misspelt_topic_is_not_created_by_producing_to_it(settings: KafkaSettings, namespace: str) -> None:
    client = producer(settings, "test", message_timeout_ms=2_000)
    failures: list[bool] = []
    # Not the error itself: comparing a KafkaError with None would raise somewhere else, later.
    client.produce(namespace, b"x", on_delivery=lambda error, _: failures.append(error is not None))
    client.flush(10)

    assert [True] == failures
    assert namespace not in admin(settings, "test").list_topics(timeout=10).topics


def test_keys_meet_where_other_clients_look_for_them(settings: KafkaSettings, topic: str) -> None:
    keys = [f"SYM{index}".encode() for index in range(40)]
    client = producer(settings, "test")
    for key in keys:
        client.produce(topic, b"x", key=key)
    client.flush(10)

    found = read(consumer(settings, "test", topic), topic, len(keys))

    assert {(partition_of(key, 4), key) for key in keys} == {(partition, key) for partition, key, _ in found}


def test_only_committed_records_are_read(settings: KafkaSettings, topic: str) -> None:
    client = producer(settings, "test", transactional_id=f"{topic}/0")
    client.init_transactions(10)
    for value, finish in ((b"aborted", client.abort_transaction), (b"committed", client.commit_transaction)):
        client.begin_transaction()
        client.produce(topic, value, key=b"k")
        client.flush(10)
        finish(10)

    assert [b"committed"] == [value for _, _, value in read(consumer(settings, "test", topic), topic, 1)]


def test_a_new_owner_of_a_transactional_id_fences_the_old_one(settings: KafkaSettings, topic: str) -> None:
    old, new = (producer(settings, "test", transactional_id=f"{topic}/0") for _ in range(2))
    old.init_transactions(10)
    old.begin_transaction()
    old.produce(topic, b"old", key=b"k")
    old.flush(10)
    new.init_transactions(10)

    with pytest.raises(KafkaException) as caught:
        old.commit_transaction(10)
    assert caught.value.args[0].fatal()


def test_records_of_long_ago_and_of_next_year_are_kept(settings: KafkaSettings, topic: str) -> None:
    client = producer(settings, "test")
    for year_ms in (0, 365 * 24 * 3600 * 1000):
        client.produce(topic, uuid.uuid4().bytes, timestamp=1_700_000_000_000 * (year_ms != 0) + 2 * year_ms + 1)

    assert 0 == client.flush(10)
    assert 2 == len(read(consumer(settings, "test", topic), topic, 2))

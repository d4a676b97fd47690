import time

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from streams.exports.reading import settled_spans
from streams.operations.lag import Place, agent_places, lags
from streams.runner.checkpoints import offset_record
from tests.integration.ingest.topic import Clients, consumer

pytestmark = pytest.mark.stack


def create_topic(command, name):
    admin = AdminClient({"bootstrap.servers": command.kafka})
    admin.create_topics([NewTopic(name, 2, 1)])[name].result()


@pytest.fixture
def topic(command, namespace):
    """A topic of two partitions with ten records in the first, written in one transaction, and nothing in the second."""
    create_topic(command, namespace)
    producer = Producer({"bootstrap.servers": command.kafka, "transactional.id": namespace})
    producer.init_transactions(30)
    producer.begin_transaction()
    for number in range(10):
        producer.produce(namespace, b"%d" % number, partition=0)
    producer.commit_transaction(30)
    reader = consumer(command.kafka)
    settled_spans(Clients(command.kafka), reader, namespace, [0], patience_s=30)
    reader.close()
    return namespace


def found(command, *places):
    reader = consumer(command.kafka)
    try:
        return lags(reader, places, time.time_ns() // 1_000_000 + 5_000)
    finally:
        reader.close()


def test_who_has_not_begun_is_behind_by_everything(command, topic):
    first, second = found(command, Place("r", topic, 0, None), Place("r", topic, 1, None))

    assert (first.end, first.records) == (11, 11)
    assert first.seconds >= 5
    assert (second.records, second.seconds) == (0, 0.0)


def test_several_roles_in_one_partition_are_told_apart(command, topic):
    places = [Place(role, topic, 0, position) for role, position in (("a", 3), ("b", 9), ("c", 10), ("d", 11))]
    records = [one.records for one in found(command, *places)]

    assert records == [8, 2, 0, 0]


def test_agents_are_where_their_checkpoints_say(command, namespace):
    create_topic(command, namespace)
    producer = Producer({"bootstrap.servers": command.kafka})
    key, value = offset_record("bars", 1, "in", 42)
    producer.produce(namespace, value, key, partition=1)
    producer.flush(30)

    places = agent_places(Clients(command.kafka), {"bars": ["in"]}, {"in": 2, namespace: 2}, namespace)

    assert places == [Place("bars", "in", 0, None), Place("bars", "in", 1, 42)]


def test_the_command_shows_every_role_and_other_consumers(command, topic):
    reader = Consumer({"bootstrap.servers": command.kafka, "group.id": f"group-{topic}"})
    reader.commit(offsets=[TopicPartition(topic, 0, 4)], asynchronous=False)
    reader.close()
    roles = {role["role"]: role for role in command.run("lag", "--json").result["roles"]}

    assert {"bars", "features", "recommendations", "projections.recommendations.v1", "projections.bars.v1"} <= roles.keys()
    assert roles[f"group-{topic}"]["records"] == 7
    assert roles[f"group-{topic}"]["partitions"][0]["position"] == 4
    assert command.run("lag").code == 0

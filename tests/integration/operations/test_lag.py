import time

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from streams.operations.lag import Place, agent_places, lags
from streams.runner.checkpoints import offset_record
from tests.integration.ingest.topic import consumer

pytestmark = pytest.mark.stack


@pytest.fixture
def topic(command, namespace):
    """A topic of two partitions with ten records in the first, written in one transaction, and nothing in the second."""
    created = AdminClient({"bootstrap.servers": command.kafka}).create_topics([NewTopic(namespace, 2, 1)])
    for future in created.values():
        future.result()
    producer = Producer({"bootstrap.servers": command.kafka, "transactional.id": namespace})
    producer.init_transactions(30)
    producer.begin_transaction()
    for number in range(10):
        producer.produce(namespace, b"%d" % number, partition=0)
    producer.commit_transaction(30)
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
    for future in AdminClient({"bootstrap.servers": command.kafka}).create_topics([NewTopic(namespace, 2, 1)]).values():
        future.result()
    producer = Producer({"bootstrap.servers": command.kafka})
    key, value = offset_record("bars", 1, "in", 42)
    producer.produce(namespace, value, key, partition=1)
    producer.flush(30)

    class Clients:
        def reader(self, *, committed):
            return consumer(command.kafka, committed=committed)

    places = agent_places(Clients(), {"bars": ["in"]}, {"in": 2, namespace: 2}, namespace)

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

"""What a transaction hands over is, to the last field, what Kafka shows a reader of committed records."""

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from infra.local.stack import EmbeddedStack
from streams.fold import Emission, Output
from streams.runner.stage import Taken, Written
from streams.runner.transaction import Transaction

pytestmark = pytest.mark.stack

PARTITION = 1
TRACE = [("traceparent", b"00-1-2-01")]


def read(kafka: str, topic: str, count: int) -> list[Written]:
    reader = Consumer({"bootstrap.servers": kafka, "group.id": "unused", "isolation.level": "read_committed"})
    reader.assign([TopicPartition(topic, PARTITION, 0)])
    try:
        messages = reader.consume(count, 30)
        return [Written(m.key(), m.value(), m.headers() or [], m.offset(), m.timestamp()[1]) for m in messages]
    finally:
        reader.close()


def test_what_was_written_is_what_a_reader_gets(stack: EmbeddedStack, namespace: str) -> None:
    kafka = stack.endpoints().kafka
    topics = [NewTopic(namespace, 2, 1, config={"message.timestamp.type": "LogAppendTime"}), NewTopic(f"{namespace}.state", 2, 1)]
    admin = AdminClient({"bootstrap.servers": kafka})
    for created in admin.create_topics(topics).values():
        created.result()
    producer = Producer({"bootstrap.servers": kafka, "transactional.id": namespace, "linger.ms": 0})
    producer.init_transactions(30)
    written: list[Written] = []
    for number in range(2):
        outputs = [Output(namespace, b"ES", b"%d-%d" % (number, place), [("ce_id", b"1")], PARTITION) for place in range(500)]
        taken = Taken("bars", Emission(outputs), {"in": number}, TRACE)
        transaction = Transaction(producer, PARTITION, f"{namespace}.state")
        written += transaction.write(taken)[namespace]
        transaction.commit([], [taken])

    assert read(kafka, namespace, 1_000) == written
    assert written[500].offset == written[499].offset + 2  # the marker of the first transaction takes the offset between

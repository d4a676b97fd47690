"""The plain confluent-kafka client, in batches.   python -m benchmarks.peers.confluent BOOTSTRAP TOPIC N"""

import sys
import uuid

from confluent_kafka import Consumer

from benchmarks.peers.decode import tick_decoder
from benchmarks.peers.meter import Meter


def main(bootstrap: str, topic: str, wanted: int) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"plain-{uuid.uuid4().hex}",
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
    meter, decode = Meter(wanted), tick_decoder()
    consumer.subscribe([topic])
    while True:
        messages = consumer.consume(5000, 1.0)
        for message in messages:
            decode(message.value())
        if messages:
            meter.add(len(messages))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

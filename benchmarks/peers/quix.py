"""Quix Streams, in an environment of its own.   PYTHON_OF_QUIX benchmarks/peers/quix.py BOOTSTRAP TOPIC N"""

import sys
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from decode import tick_decoder
from meter import Meter
from quixstreams import Application


def main(bootstrap: str, topic: str, wanted: int) -> None:
    app = Application(
        broker_address=bootstrap, consumer_group=f"quix-{uuid.uuid4().hex}", auto_offset_reset="earliest", loglevel="WARNING"
    )
    meter, decode = Meter(wanted), tick_decoder()

    def measure(value: bytes) -> None:
        decode(value)
        meter.add(1)

    app.dataframe(app.topic(topic, value_deserializer="bytes", key_deserializer="bytes")).update(measure)
    app.run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

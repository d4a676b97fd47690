"""Faust as it comes: an agent over events.   python -m benchmarks.peers.faust_stock BOOTSTRAP TOPIC N"""

import sys
import tempfile
import uuid

import faust

from benchmarks.peers.decode import tick_decoder
from benchmarks.peers.meter import Meter


def main(bootstrap: str, topic: str, wanted: int) -> None:
    app = faust.App(
        f"stock-{uuid.uuid4().hex}",
        broker=f"kafka://{bootstrap}",
        store="memory://",
        autodiscover=False,
        datadir=tempfile.mkdtemp(),
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        broker_max_poll_records=20_000,
        consumer_auto_offset_reset="earliest",
    )
    meter, decode = Meter(wanted), tick_decoder()

    @app.agent(app.topic(topic, key_serializer="raw", value_serializer="raw"), name="measure")
    async def measure(stream):  # noqa: ANN001, ANN202
        async for value in stream:
            decode(value)
            meter.add(1)

    app.Worker(loglevel="WARNING", redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

"""An agent of ours over the chunk transport: decodes every record.   python -m benchmarks.peers.ours BOOTSTRAP TOPIC N"""

import sys
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import faust
from faust.types import TP
from yarl import URL

from benchmarks.peers.decode import tick_decoder
from benchmarks.peers.meter import Meter
from streams.transport.chunk_consumer import ChunkSchema, chunk_transport
from streams.transport.garbage import collect_seldom


class FromTheStart:
    """Positions without a runner: every partition from its first record."""

    async def take_over(self, assigned: set[TP]) -> Mapping[TP, int]:
        return dict.fromkeys(assigned, 0)

    def may_wait(self, tp: TP, records: Sequence[Any]) -> bool:  # noqa: ARG002
        return False

    async def release(self) -> None:
        """Nothing is committed."""


def main(bootstrap: str, topic: str, wanted: int) -> None:
    app = faust.App(
        f"ours-{uuid.uuid4().hex}",
        broker=f"kafka://{bootstrap}",
        store="memory://",
        autodiscover=False,
        datadir=tempfile.mkdtemp(),
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        broker_max_poll_records=20_000,
        consumer_max_fetch_size=4 * 1024 * 1024,
        stream_buffer_maxsize=100_000,
        consumer_auto_offset_reset="earliest",
    )
    app.transport = chunk_transport(app, URL(f"kafka://{bootstrap}"), FromTheStart())
    meter, decode = Meter(wanted), tick_decoder()

    @app.agent(app.topic(topic, schema=ChunkSchema()), name="measure")
    async def measure(stream):  # noqa: ANN001, ANN202
        async for event in stream.events():
            for record in event.value.records:
                decode(record.value)
            meter.add(len(event.value.records))

    collect_seldom()
    app.Worker(loglevel="WARNING", redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

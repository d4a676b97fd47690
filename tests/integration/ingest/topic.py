"""Reads what consumers of committed records see."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from confluent_kafka import Consumer

from schemas.events.base import Event
from streams.exports.reading import read_span, settled_spans, spans
from tests.builders import codec


def consumer(kafka: str, *, committed: bool = True) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": kafka,
            "group.id": "tests",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed" if committed else "read_uncommitted",
            "fetch.wait.max.ms": 50,
        }
    )


class Clients:
    """Opens readers."""

    def __init__(self, kafka: str) -> None:
        self._kafka = kafka

    def reader(self, *, committed: bool) -> Consumer:
        return consumer(self._kafka, committed=committed)


def messages(kafka: str, topic: str) -> Iterator[Any]:
    reader = consumer(kafka)
    try:
        partitions = len(reader.list_topics(topic, timeout=10).topics[topic].partitions)
        for span in settled_spans(Clients(kafka), reader, topic, range(partitions)):
            for batch in read_span(reader, span):
                yield from batch
    finally:
        reader.close()


def events_of(kafka: str, topic: str, source: str) -> list[tuple[int, Event]]:
    """Return partition and event of everything that a source tells, in the order of the log."""
    reader = codec()
    wanted = ("ce_source", f"/sources/{source}".encode())
    return [
        (found.partition(), reader.decode(found.value())) for found in messages(kafka, topic) if wanted in (found.headers() or ())
    ]


def told(kafka: str, topic: str, sources: Sequence[str]) -> list[tuple[int, str]]:
    """Return count and hash, in the order of the log, of everything that each source tells; what it is called aside."""
    by_header = {f"/sources/{source}".encode(): [source.encode(), 0, hashlib.sha256()] for source in sources}
    for found in messages(kafka, topic):
        entry = by_header.get(dict(found.headers() or ()).get("ce_source"))
        if entry is not None:
            entry[1] += 1
            entry[2].update(b"%d" % found.partition() + (found.key() + found.value()).replace(entry[0], b""))
    return [(count, digest.hexdigest()) for _, count, digest in by_header.values()]


def open_transactions(kafka: str, topic: str) -> bool:
    """Return whether something is written and not yet committed."""
    ends = []
    for committed in (True, False):
        reader = consumer(kafka, committed=committed)
        try:
            partitions = len(reader.list_topics(topic, timeout=10).topics[topic].partitions)
            ends.append([span.end for span in spans(reader, topic, range(partitions))])
        finally:
            reader.close()
    return ends[0] != ends[1]

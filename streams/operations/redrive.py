"""Sends what ended among the dead letters to where it came from, once: the note of it is in the same transaction."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from confluent_kafka import KafkaException

from schemas.codec import Codec, CodecError
from schemas.headers import Headers
from schemas.partitioner import partition_of
from schemas.topics import CHECKPOINTS
from streams.dead_letters import OVERSIZE_KEPT_BYTES
from streams.operations.letters import Letter, mark_key, redriven_origins
from streams.ports import Clients, TransactionalProducer

REDRIVEN_FROM = "redriven_from"
TRANSACTIONAL_ID = "redrive"
_BATCH = 500
_TIMEOUT_S = 60.0

Verdict = Literal["ready", "redriven", "truncated", "unreadable"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with a letter, and why."""

    letter: Letter
    verdict: Verdict
    reason: str


class RedriveError(Exception):
    """Kafka did not take what was to be sent again. What was sent before it is noted, and is not sent twice."""


def plan(letters: Sequence[Letter], redriven: set[str], codec: Codec) -> list[Plan]:
    """Return what is to be done with each letter; of several letters about one record the first one stands for it."""
    known = set(redriven)
    plans = []
    for letter in letters:
        plans.append(Plan(letter, *_verdict(letter, known, codec)))
        known.add(letter.origin)
    return plans


def _verdict(letter: Letter, known: set[str], codec: Codec) -> tuple[Verdict, str]:
    event = letter.event
    if letter.origin in known:
        return "redriven", "was sent again before"
    if event.record_value is not None and len(event.record_value) >= OVERSIZE_KEPT_BYTES:
        return "truncated", f"only its first {OVERSIZE_KEPT_BYTES} bytes are kept"
    try:
        found = codec.decode(event.record_value)
    except CodecError as error:
        return "unreadable", str(error)
    return "ready", f"decodes as {found.TYPE}"


class Redrive:
    """Sends letters again. Begin, then plan with what ``begin`` returns, then send: so that no other redrive comes between."""

    def __init__(self, clients: Clients, partitions: int, marks_topic: str = CHECKPOINTS) -> None:
        self._clients = clients
        self._partitions = partitions
        self._marks_topic = marks_topic
        self._producer: TransactionalProducer | None = None

    def begin(self) -> set[str]:
        """Fence every earlier redrive and return the origins of what was sent again; RedriveError."""
        self._producer = self._clients.transactional_producer(TRANSACTIONAL_ID)
        try:
            self._producer.init_transactions(_TIMEOUT_S)
        except KafkaException as error:
            raise RedriveError(f"expected Kafka to answer within {_TIMEOUT_S:.0f} s: {error.args[0].str()}") from error
        return redriven_origins(self._clients, range(self._partitions), self._marks_topic)

    def send(self, letters: Sequence[Letter]) -> Iterator[int]:
        """Send letters to their origins; yields how many are sent so far, after each transaction."""
        for start in range(0, len(letters), _BATCH):
            batch = letters[start : start + _BATCH]
            try:
                self._commit(batch)
            except KafkaException as error:
                raise RedriveError(f"{start} letters were sent, then Kafka refused: {error.args[0].str()}") from error
            yield start + len(batch)

    def _commit(self, letters: Sequence[Letter]) -> None:
        if self._producer is None:
            raise RuntimeError("expected begin() before send()")
        self._producer.begin_transaction()
        for letter in letters:
            event, key = letter.event, mark_key(letter)
            self._produce(event.topic, event.record_value, event.record_key, event.partition, redriven_headers(letter))
            mark_partition = partition_of(key, self._partitions)
            self._produce(self._marks_topic, event.id.encode(), key, mark_partition, [])
        deadline = time.monotonic() + _TIMEOUT_S
        while True:
            try:
                self._producer.commit_transaction(max(1.0, deadline - time.monotonic()))
            except KafkaException as error:
                if not error.args[0].retriable() or time.monotonic() > deadline:
                    raise
            else:
                return

    def _produce(self, topic: str, value: bytes | None, key: bytes | None, partition: int, headers: Headers) -> None:
        while self._producer is not None:
            try:
                self._producer.produce(topic, value=value, key=key, partition=partition, headers=headers)
            except BufferError:
                self._producer.poll(0.05)
            else:
                return


def redriven_headers(letter: Letter) -> Headers:
    """Return the record's own headers, and where it lay when it failed."""
    own: Headers = [
        (header.name, header.value)  # type: ignore[misc]  # a header without a value stays without one
        for header in letter.event.headers
        if header.name != REDRIVEN_FROM
    ]
    return [*own, (REDRIVEN_FROM, letter.origin.encode())]

"""Dead letters of the read side, written by a producer of the caller's: acknowledged by all replicas before anything moves on."""

from collections.abc import Sequence
from typing import Any, Protocol

from projections.ports import BadRecord
from schemas.codec import Codec
from schemas.events.operations import DeadLetter, Header
from schemas.headers import cloud_event_headers
from schemas.ids import derived_id
from schemas.topics import DEAD_LETTERS

OVERSIZE_KEPT_BYTES = 512 * 1024
"""Of a record too large to be kept whole, this much is kept: the dead letter itself has to fit a Kafka message."""
MESSAGE_CHARACTERS = 2_000


class DeadLetterError(Exception):
    """A dead letter is not written; the record that it is of must not be passed by."""


class Producer(Protocol):
    """The part of confluent_kafka's producer that is used. Its settings are the caller's: ``acks=all``, idempotent."""

    def produce(self, topic: str, **record: Any) -> None: ...
    def poll(self, timeout: float) -> int: ...
    def flush(self, timeout: float) -> int: ...


class KafkaDeadLetters:
    """Writes dead letters to Kafka. The id of one is its origin's place: the same record again is the same letter again."""

    def __init__(self, producer: Producer, codec: Codec, *, topic: str = DEAD_LETTERS, timeout_s: float = 30.0) -> None:
        self._producer = producer
        self._codec = codec
        self._topic = topic
        self._timeout_s = timeout_s

    def keep(self, letters: Sequence[BadRecord]) -> None:
        """Return when all letters are acknowledged; DeadLetterError otherwise."""
        failures: list[str] = []

        def delivered(error: Any, _message: Any) -> None:
            if error is not None:
                failures.append(str(error))

        for letter in letters:
            self._produce(dead_letter(letter), delivered)
        left = self._producer.flush(self._timeout_s)
        if left or failures:
            reasons = failures[:1] or [f"no answer within {self._timeout_s} s"]
            found = f"{left + len(failures)} of {len(letters)} not written: {reasons[0]}"
            raise DeadLetterError(f"expected dead letters in {self._topic}, found {found}")

    def _produce(self, event: DeadLetter, delivered: Any) -> None:
        record = {
            "key": event.record_key,
            "value": self._codec.encode(event),
            "headers": cloud_event_headers(event),
            "on_delivery": delivered,
        }
        try:
            self._producer.produce(self._topic, **record)
        except BufferError:
            self._producer.poll(self._timeout_s)
            self._producer.produce(self._topic, **record)


def dead_letter(bad: BadRecord) -> DeadLetter:
    """Return the event that keeps a record that could not be processed."""
    agent = f"projections/{bad.projection}"
    return DeadLetter(
        id=derived_id(DeadLetter.TYPE, agent, bad.topic, bad.partition, bad.offset),
        topic=bad.topic,
        partition=bad.partition,
        offset=bad.offset,
        record_key=bad.key,
        record_value=None if bad.value is None else bad.value[:OVERSIZE_KEPT_BYTES],
        headers=tuple(Header(name=name, value=value) for name, value in bad.headers),
        agent=agent,
        code=bad.code,
        message=bad.message[:MESSAGE_CHARACTERS],
        attempts=1,
        appended_at=bad.appended_at,
    )

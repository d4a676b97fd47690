"""What cannot be processed is kept: its bytes, its place and the reason, in the transaction that moves past it."""

from schemas.codec import Codec
from schemas.events.operations import DeadLetter, Header
from schemas.headers import cloud_event_headers
from schemas.ids import derived_id
from schemas.topics import DEAD_LETTERS
from streams.fold import InputRecord, Output

OVERSIZE_KEPT_BYTES = 512 * 1024
"""Of a record too large to be kept whole, this much is kept: the dead letter itself has to fit a Kafka message."""


class DeadLetterOffice:
    """Makes the dead letters of one agent for one partition number."""

    def __init__(self, codec: Codec, agent: str, partition: int, topic: str = DEAD_LETTERS) -> None:
        self._codec = codec
        self._agent = agent
        self._partition = partition
        self._topic = topic

    def letter(self, topic: str, record: InputRecord, code: str, message: str, attempts: int = 1) -> Output:
        """Return the record that keeps what could not be processed."""
        event = DeadLetter(
            id=derived_id(DeadLetter.TYPE, self._agent, topic, self._partition, record.offset),
            topic=topic,
            partition=self._partition,
            offset=record.offset,
            record_key=record.key,
            record_value=record.value[:OVERSIZE_KEPT_BYTES] if record.value is not None else None,
            headers=tuple(Header(name=name, value=value) for name, value in record.headers),
            agent=self._agent,
            code=code,
            message=message[:2_000],
            attempts=attempts,
            appended_at=record.timestamp * 1000,
        )
        return Output(self._topic, record.key, self._codec.encode(event), cloud_event_headers(event))

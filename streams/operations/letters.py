"""Dead letters as they lie in the log, and which of them were sent again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas.codec import Codec, CodecError
from schemas.events.operations import DeadLetter
from schemas.topics import CHECKPOINTS, DEAD_LETTERS
from streams.exports.reading import read_span, settled_spans, whole_span
from streams.ports import Clients

_MARK = b"redrive/"


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter and where it lies; a letter that was written twice counts once."""

    partition: int
    offset: int
    event: DeadLetter

    @property
    def place(self) -> str:
        """Return where it lies among the dead letters."""
        return f"{self.partition}/{self.offset}"

    @property
    def origin(self) -> str:
        """Return where the record that failed lies."""
        return f"{self.event.topic}/{self.event.partition}/{self.event.offset}"


@dataclass(frozen=True, slots=True)
class LetterChoice:
    """Which letters are meant: all that nothing here speaks against."""

    names: frozenset[str] = frozenset()
    """Ids, the beginnings of ids, or places."""
    code: str | None = None
    topic: str | None = None
    agent: str | None = None

    def takes(self, letter: Letter) -> bool:
        """Return whether a letter is meant."""
        event = letter.event
        named = not self.names or any(event.id.startswith(name) or letter.place == name for name in self.names)
        wanted = ((self.code, event.code), (self.topic, event.topic), (self.agent, event.agent))
        return named and all(asked is None or asked == found for asked, found in wanted)


def read_letters(clients: Clients, codec: Codec, partitions: int, choice: LetterChoice, topic: str = DEAD_LETTERS) -> list[Letter]:
    """Return the letters that are meant, oldest first; ValueError where the topic holds something else."""
    found: dict[str, Letter] = {}
    reader = clients.reader(committed=True)
    try:
        for span in settled_spans(clients, reader, topic, range(partitions)):
            for messages in read_span(reader, span):
                for message in messages:
                    letter = Letter(message.partition(), message.offset(), _decoded(codec, message.value(), topic))
                    if choice.takes(letter):
                        found.setdefault(letter.event.id, letter)
    finally:
        reader.close()
    return sorted(found.values(), key=lambda letter: (letter.event.appended_at, letter.origin))


def _decoded(codec: Codec, value: bytes | None, topic: str) -> DeadLetter:
    try:
        event = codec.decode(value)
    except CodecError as error:
        raise ValueError(f"expected dead letters in {topic}, found what cannot be read: {error}") from error
    if not isinstance(event, DeadLetter):
        raise ValueError(f"expected dead letters in {topic}, found {event.TYPE}")  # noqa: TRY004  # the data's fault, not a type's
    return event


def mark_key(letter: Letter) -> bytes:
    """Return the key under which it is noted that a record was sent again: whoever refused it, it is sent again once."""
    return _MARK + letter.origin.encode()


def redriven_origins(clients: Clients, partitions: Iterable[int], topic: str = CHECKPOINTS) -> set[str]:
    """Return the origins of all records that were sent again."""
    origins: set[str] = set()
    reader = clients.reader(committed=True)
    try:
        for span in [whole_span(clients, topic, partition) for partition in partitions]:
            for messages in read_span(reader, span):
                keys: Sequence[bytes | None] = [message.key() for message in messages]
                origins |= {key[len(_MARK) :].decode() for key in keys if key is not None and key.startswith(_MARK)}
    finally:
        reader.close()
    return origins

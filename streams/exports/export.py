"""Writes what a topic holds to a stream: the log is the truth, so an export reads it and nothing else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.codec import Codec, CodecError
from schemas.events.base import Event
from schemas.events.market import BarClosed, CorporateAction, NewsPublished, SocialPostPublished, Tick
from schemas.events.operations import DeadLetter
from schemas.events.recommendations import RecommendationMade
from schemas.events.signals import FeaturesComputed
from schemas.partitioner import partition_of
from schemas.topics import ACTIONS, BARS, DEAD_LETTERS, FEATURES, NEWS, RECOMMENDATIONS, SOCIAL, TICKS
from streams.exports.columns import FlatColumn, flat_columns
from streams.exports.reading import Span, read_span, settled_spans
from streams.exports.writers import RowWriter
from streams.ports import Clients, Reader

_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class ExportKind:
    """What can be exported: the events of one type in a topic, and the time that they are chosen by."""

    topic: str
    event: type[Event]
    time: str


KINDS: Mapping[str, ExportKind] = {
    "ticks": ExportKind(TICKS, Tick, "event_time"),
    "bars": ExportKind(BARS, BarClosed, "start"),
    "features": ExportKind(FEATURES, FeaturesComputed, "as_of"),
    "recommendations": ExportKind(RECOMMENDATIONS, RecommendationMade, "decided_at"),
    "dead-letters": ExportKind(DEAD_LETTERS, DeadLetter, "appended_at"),
    "actions": ExportKind(ACTIONS, CorporateAction, "effective_at"),
    "news": ExportKind(NEWS, NewsPublished, "published_at"),
    "social": ExportKind(SOCIAL, SocialPostPublished, "published_at"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which events are wanted. Times in microseconds since the Unix epoch, ``until`` not included."""

    symbol: str | None = None
    interval: str | None = None
    since: int | None = None
    until: int | None = None


@dataclass(slots=True)
class Exported:
    """What was read and written."""

    rows: int = 0
    unreadable: int = 0
    """Records of the topic that are no events: they are not exported, see the dead letters."""
    ends: dict[int, int] = field(default_factory=dict)
    """Offset before which each partition was read."""


Progress = Callable[[int, int], None]
"""Told how many offsets of how many are read."""


def export_columns(kind: ExportKind) -> list[FlatColumn]:
    """Return the columns of an export; the last two say where in the log a row is."""
    return [
        *flat_columns(kind.event),
        FlatColumn("log_partition", "int", ("log_partition",)),
        FlatColumn("log_offset", "int", ("log_offset",)),
    ]


class Export:
    """Reads one topic, partition after partition."""

    def __init__(self, kind: ExportKind, choice: Choice, codec: Codec, topic: str | None = None) -> None:
        self._kind = kind
        self._choice = choice
        self._codec = codec
        self._topic = topic or kind.topic
        self._columns = export_columns(kind)
        self._done = Exported()

    def run(
        self, clients: Clients, partitions: int, writer: RowWriter, progress: Progress = lambda _done, _total: None
    ) -> Exported:
        """Write everything that is wanted up to the topic's present end; the order is that of partition and offset."""
        reader = clients.reader(committed=True)
        try:
            wanted = settled_spans(clients, reader, self._topic, self._partitions(partitions))
            total, before = sum(span.end - span.first for span in wanted), 0
            for span in wanted:
                self._done.ends[span.partition] = span.end
                self._copy(reader, span, writer, lambda read, before=before: progress(before + read, total))  # type: ignore[misc]
                before += span.end - span.first
        finally:
            reader.close()
        return self._done

    def _partitions(self, partitions: int) -> Sequence[int]:
        if self._choice.symbol is None or self._kind.event is DeadLetter:
            return range(partitions)
        return [partition_of(self._choice.symbol.encode(), partitions)]

    def _copy(self, reader: Reader, span: Span, writer: RowWriter, read: Callable[[int], None]) -> None:
        records: list[dict[str, Any]] = []
        for messages in read_span(reader, span):
            for message in messages:
                record = self._record(message)
                if record is not None:
                    records.append(record)
            if len(records) >= _ROWS:
                self._flush(records, writer)
            read(messages[-1].offset() + 1 - span.first)
        self._flush(records, writer)

    def _record(self, message: Any) -> dict[str, Any] | None:
        """Return a message's record where it is wanted."""
        choice = self._choice
        if choice.symbol is not None and message.key() != choice.symbol.encode():
            return None
        try:
            event_type, record = self._codec.decode_record(message.value())
        except CodecError:
            self._done.unreadable += 1
            return None
        if event_type != self._kind.event.TYPE:
            return None
        time = record[self._kind.time]
        if (choice.since is not None and time < choice.since) or (choice.until is not None and time >= choice.until):
            return None
        if choice.interval is not None and record.get("interval") != choice.interval:
            return None
        return {**record, "log_partition": message.partition(), "log_offset": message.offset()}

    def _flush(self, records: list[dict[str, Any]], writer: RowWriter) -> None:
        if records:
            writer.write([[column.of(record) for record in records] for column in self._columns])
            self._done.rows += len(records)
            records.clear()

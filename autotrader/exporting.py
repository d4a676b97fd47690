"""What ``autotrader export`` does: reads a topic with a progress bar and writes a file that is whole or not there."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rich.progress import Progress

from autotrader.output import fail, people, print_json
from autotrader.source_clients import SourceClients, quiet
from autotrader.wiring import running_settings
from infra.clients import kafka
from schemas.codec import Codec
from schemas.registry import committed_catalogue
from schemas.values import interval_us, parse_time
from streams.exports.export import KINDS, Choice, Export, Exported, export_columns
from streams.exports.writers import WRITERS


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What is asked for; without an output it goes to stdout."""

    kind: str
    form: str
    choice: Choice
    output: Path | None
    as_json: bool


def choice_of(symbol: str | None, interval: str | None, since: str | None, until: str | None) -> Choice:
    """Return what the options choose; ValueError where one cannot be meant."""
    if interval is not None:
        interval_us(interval)
    return Choice(symbol, interval, None if since is None else parse_time(since), None if until is None else parse_time(until))


def run_export(request: ExportRequest) -> None:
    """Export events, and say how many."""
    settings = running_settings()
    kind = KINDS[request.kind]
    topics = kafka.admin(quiet(settings.kafka), "export").list_topics(timeout=15.0).topics
    if kind.topic not in topics:
        fail(f"expected a topic {kind.topic}, found none: create it with `autotrader topics create`")
    partitions = len(topics[kind.topic].partitions)
    clients = SourceClients(settings.kafka, "export", settings.streams.transaction_timeout_s)
    export = Export(kind, request.choice, Codec(committed_catalogue()))
    began = time.monotonic()
    try:
        with _progress(quiet=request.as_json) as progress, whole_file(request.output) as stream:
            task = progress.add_task(f"from {kind.topic}", total=None)
            writer = WRITERS[request.form](stream, export_columns(kind))
            done = export.run(clients, partitions, writer, lambda read, total: progress.update(task, completed=read, total=total))
            writer.close()
    except BrokenPipeError:  # whoever reads stdout has had enough
        with suppress(OSError):
            sys.stdout.close()
        return
    _tell(request, kind.topic, done, time.monotonic() - began)


@contextmanager
def whole_file(path: Path | None) -> Iterator[BinaryIO]:
    """Give a stream to a file that takes its name when all is written; stdout where there is none."""
    if path is None:
        yield sys.stdout.buffer
        return
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        with unfinished.open("wb") as stream:
            yield stream
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _progress(*, quiet: bool) -> Progress:
    return Progress(console=people(), transient=True, disable=quiet)


def _tell(request: ExportRequest, topic: str, done: Exported, seconds: float) -> None:
    if request.as_json:
        print_json(
            {
                "kind": request.kind,
                "topic": topic,
                "format": request.form,
                "output": str(request.output),
                "rows": done.rows,
                "unreadable": done.unreadable,
                "end_offsets": done.ends,
                "seconds": round(seconds, 3),
            }
        )
        return
    left_out = f"; {done.unreadable:,} records are no events, see `autotrader dlq list`" if done.unreadable else ""
    people().out(f"{done.rows:,} rows from {topic}{left_out}")

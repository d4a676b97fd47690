"""What ``autotrader ingest`` does: reads the file, tells it to the log with a progress bar, and reports what was left out."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from autotrader.output import OK, PARTIAL, people, print_json
from autotrader.source_clients import SourceClients
from autotrader.tables import table
from autotrader.wiring import running_settings
from infra.tracing import span_tracing
from schemas.codec import Codec
from schemas.registry import committed_catalogue
from streams.sources.files import FileOptions, OpenedFile, open_file
from streams.sources.ingest import Ingest, Outcome
from streams.sources.pace import FullSpeed, Pace, Paced
from streams.sources.problems import BadRows, FileRefusedError

_SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What is asked for. A speed of None is as fast as it goes."""

    file: Path
    options: FileOptions
    speed: float | None
    as_json: bool


def speed_of(text: str) -> float | None:
    """Return how many times as fast as it happened; None for ``max``. FileRefusedError for anything else."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise FileRefusedError(f"expected --speed max or a number above 0, found {text}")
    return speed


def run_ingest(request: IngestRequest) -> int:
    """Ingest a file and return the exit code; SourceError where it cannot be done."""
    settings = running_settings()
    codec = Codec(committed_catalogue())
    clients = SourceClients(settings.kafka, "ingest", settings.streams.transaction_timeout_s, paced=request.speed is not None)
    tracing = span_tracing("ingest", settings.telemetry)
    with stopped_by_signals() as stop, _progress(quiet=request.as_json) as progress:
        reading = progress.add_task("reading", total=None)
        opened = open_file(request.file, request.options, codec, told=_interruptible(stop, progress, reading))
        progress.remove_task(reading)
        pace: Pace = FullSpeed(stop) if request.speed is None else Paced(stop, request.speed)
        telling = progress.add_task(f"to {opened.feed.topic}", total=max(1, opened.feed.extent.events))
        began = time.monotonic()
        ingest = Ingest(opened.feed, clients, codec, tracing=tracing)
        outcome = ingest.run(pace, lambda done, _: progress.update(telling, completed=done))
        seconds = time.monotonic() - began
    result = _result(request, opened, outcome, seconds)
    if request.as_json:
        print_json(result)
    else:
        _tell(outcome, opened.bad, seconds, request.options)
    return OK if outcome.was_finished or (outcome.finished and not outcome.refused) else PARTIAL


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """Give an event that SIGINT or SIGTERM sets; the second signal ends the process as it would have."""
    stop = threading.Event()
    numbers = (int(signal.SIGINT), int(signal.SIGTERM))
    before = {number: signal.getsignal(number) for number in numbers}

    def ask_to_stop(number: int, _frame: Any) -> None:
        stop.set()
        signal.signal(number, before[number])

    for number in numbers:
        signal.signal(number, ask_to_stop)
    try:
        yield stop
    finally:
        for number in numbers:
            signal.signal(number, before[number])


def _interruptible(stop: threading.Event, progress: Progress, task: Any) -> Any:
    def told(rows: int) -> None:
        progress.update(task, completed=rows)
        if stop.is_set():
            raise KeyboardInterrupt  # nothing is written yet

    return told


def _progress(*, quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=people(),
        transient=True,
        disable=quiet,
    )


class _Rate(ProgressColumn):
    """Events a second, of late."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.finished_speed or task.speed or 0:,.0f}/s")


def _result(request: IngestRequest, opened: OpenedFile, outcome: Outcome, seconds: float) -> dict[str, Any]:
    return {
        "file": str(request.file),
        "kind": request.options.kind,
        "source": opened.feed.source,
        "recording": opened.feed.recording,
        "topic": opened.feed.topic,
        "events": outcome.events,
        "written": outcome.written,
        "total": outcome.total,
        "finished": outcome.finished,
        "already_ingested": outcome.was_finished,
        "interrupted": not outcome.finished,
        "refused": outcome.refused,
        "bad_rows": [asdict(row) for row in opened.bad.first],
        "bad_rows_total": opened.bad.total,
        "seconds": round(seconds, 3),
        "events_per_s": round(outcome.written / seconds) if seconds else 0,
    }


def _tell(outcome: Outcome, bad: BadRows, seconds: float, options: FileOptions) -> None:
    console = people()
    if outcome.was_finished:
        console.out(f"already ingested, {outcome.events:,} rows: nothing is written twice")
        return
    if bad.total:
        console.print(bad_rows_table(bad))
        console.out(f"{bad.total:,} rows were left out ({_summary(bad)})")
        if not outcome.total and options.timezone is None and bad.first and "--timezone" in bad.first[0].reason:
            console.out("all times are without a zone: give it with --timezone, for example --timezone America/New_York")
    rate = f"{outcome.written / seconds:,.0f} a second" if seconds else ""
    console.out(f"{outcome.written:,} events written, {rate}; {outcome.events:,} of {outcome.total:,} are in the log")
    if not outcome.finished:
        console.out("stopped: repeated, the command goes on from here")


def bad_rows_table(bad: BadRows) -> Table:
    """Return the first bad rows as a table."""
    shown = table("line", "column", "reason")
    for row in bad.first[:_SHOWN_MAX]:
        shown.add_row(str(row.line), row.column, row.reason)
    if bad.total > _SHOWN_MAX:
        shown.add_row("…", "", f"and {bad.total - min(_SHOWN_MAX, len(bad.first)):,} more")
    return shown


def _summary(bad: BadRows) -> str:
    return ", ".join(f"{count:,} {column or 'as a whole'}" for column, count in bad.by_column.most_common())

"""``autotrader ingest``: a file of market data into the log, exactly once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from autotrader.output import USAGE, fail
from streams.sources.columns import COLUMNS, Kind
from streams.sources.problems import FileRefusedError, SourceError

if TYPE_CHECKING:
    from streams.sources.files import FileOptions

_KINDS: tuple[Kind, ...] = get_args(Kind)
_FORMATS = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet"}


def _columns() -> str:
    lines: list[str] = []
    for kind in _KINDS:
        lines.append(f"\b\n{kind}:")
        for column in COLUMNS[kind]:
            others = f" [{', '.join(column.aliases)}]" if column.aliases else ""
            lines.append(f"  {column.name}{'*' if column.required else ''}: {column.doc}{others}")
        lines.append("")
    return "\n".join(lines)


HELP = f"""Bring a file of ticks, bars, corporate actions, news or posts into the log, exactly once.

Good rows go in. Bad ones are reported with line and reason, and the exit code is 3. Interrupted or killed and repeated, the
ingest goes on where it stopped: nothing twice, nothing missing. An event's identity is its source and its own id or place in
the file, which is known by its SHA-256.

Columns, in any order and case, other names that are understood in brackets; those with * have to be there:

{_columns()}

Times are ISO 8601 with a zone. Times without one are refused unless --timezone says which is meant.

Example: autotrader ingest trades.csv --kind ticks --source cme --symbol ES --timezone America/Chicago
"""

app = typer.Typer(rich_markup_mode=None)


@app.command(help=HELP)
def ingest(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="The file; .gz, .bz2, .zst are unpacked.")
    ],
    kind: Annotated[str, typer.Option(help=f"What it holds: {', '.join(_KINDS)}.")],
    source: Annotated[str, typer.Option(help="Who tells this: letters, digits, dots and dashes.")],
    form: Annotated[str | None, typer.Option("--format", help="csv, jsonl or parquet; else by the file's name.")] = None,
    speed: Annotated[str, typer.Option(help="max, or N: N times as fast as it happened.")] = "max",
    symbol: Annotated[str | None, typer.Option(help="The symbol of every row, where the file has no column of them.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Zone of times that name none, such as America/New_York.")] = None,
    time_format: Annotated[
        str | None, typer.Option(help="epoch-s, epoch-ms, epoch-us, epoch-ns, or like '%d.%m.%Y %H:%M:%S'; else ISO 8601.")
    ] = None,
    interval: Annotated[str, typer.Option(help="Length of bars: 1m, 1h, 1d …")] = "1d",
    delay: Annotated[str | None, typer.Option(help="From the end of a bar until it is available: 15m …; else none.")] = None,
    until: Annotated[str | None, typer.Option(help="How far the source has told everything; else up to its last event.")] = None,
    volume_only: Annotated[
        str | None, typer.Option(help="Trade conditions that count in volume only, by commas; else those of the US tapes.")
    ] = None,
    columns: Annotated[str | None, typer.Option(help="Names of a CSV file's columns, by commas, where it has no header.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Ingest a file."""
    from autotrader.ingesting import IngestRequest, run_ingest, speed_of  # noqa: PLC0415  # Arrow takes its time
    from autotrader.kafka_errors import kafka_errors  # noqa: PLC0415

    try:
        given = _given(kind, _format_of(file, form), source, symbol=symbol, timezone=timezone, time_format=time_format)
        options = _refined(given, interval, delay, until, volume_only, columns)
        with kafka_errors():
            code = run_ingest(IngestRequest(file, options, speed_of(speed), as_json))
    except FileRefusedError as error:
        fail(str(error), USAGE)
    except SourceError as error:
        fail(f"{error}; repeated, the command goes on where it stopped")
    raise typer.Exit(code)


def _format_of(file: Path, form: str | None) -> str:
    endings = [suffix for suffix in file.suffixes if suffix.lower() in _FORMATS]
    found = form or (_FORMATS[endings[-1].lower()] if endings else "")
    if found not in _FORMATS.values():
        raise FileRefusedError(f"expected --format csv, jsonl or parquet, found {form or file.name}")
    return found


def _given(kind: str, form: str, source: str, **said: str | None) -> "FileOptions":
    from streams.sources.files import FileOptions  # noqa: PLC0415

    if kind not in _KINDS:
        raise FileRefusedError(f"expected --kind {', '.join(_KINDS)}, found {kind}")
    return FileOptions(kind, form, source, **said)  # type: ignore[arg-type]  # both are checked above


def _refined(
    given: "FileOptions", interval: str, delay: str | None, until: str | None, volume_only: str | None, columns: str | None
) -> "FileOptions":
    from dataclasses import replace  # noqa: PLC0415

    from schemas.values import interval_us, parse_time  # noqa: PLC0415

    try:
        return replace(
            given,
            interval=interval,
            delay_us=interval_us(delay) if delay else 0,
            until=parse_time(until) if until else None,
            volume_only=given.volume_only if volume_only is None else frozenset(filter(None, volume_only.split(","))),
            header=tuple(name.strip() for name in columns.split(",")) if columns else None,
        )
    except ValueError as error:
        raise FileRefusedError(str(error)) from error

"""``autotrader export``: what the log holds, as a file."""

from pathlib import Path
from typing import Annotated

import typer

from autotrader.output import USAGE, fail

_KINDS = ("ticks", "bars", "features", "recommendations", "dead-letters", "actions", "news", "social")
_FORMATS = ("csv", "jsonl", "parquet")

HELP = """Write events from the log to a file or to stdout: committed ones only, up to the log's present end.

Rows come in the order of partition and offset; log_partition and log_offset say where in the log a row is. Nested parts are
columns of their own (raw_rsi_14, technical_score); times are ISO 8601 in UTC.

Example: autotrader export bars --symbol ES --interval 1m --from 2013-09-03T00:00:00Z --format parquet --output bars.parquet
"""

app = typer.Typer(rich_markup_mode=None)


@app.command(help=HELP)
def export(
    kind: Annotated[str, typer.Argument(help=f"{', '.join(_KINDS)}.")],
    form: Annotated[str, typer.Option("--format", help="csv, jsonl or parquet.")] = "csv",
    symbol: Annotated[str | None, typer.Option(help="Of one symbol only.")] = None,
    interval: Annotated[str | None, typer.Option(help="Of one interval only: 1m, 1d …")] = None,
    since: Annotated[str | None, typer.Option("--from", help="From this time on, ISO 8601 with a zone.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Before this time.")] = None,
    output: Annotated[Path | None, typer.Option(help="The file; stdout where not given.", dir_okay=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object about the export on stdout; needs --output.")] = False,
) -> None:
    """Export events."""
    if kind not in _KINDS:
        fail(f"expected one of {', '.join(_KINDS)}, found {kind}", USAGE)
    if form not in _FORMATS:
        fail(f"expected --format {', '.join(_FORMATS)}, found {form}", USAGE)
    if output is None and (as_json or form == "parquet"):
        fail(f"expected --output with {'--json' if as_json else '--format parquet'}: stdout is taken or no file", USAGE)
    from autotrader.exporting import ExportRequest, choice_of, run_export  # noqa: PLC0415  # Arrow takes its time
    from autotrader.kafka_errors import kafka_errors  # noqa: PLC0415

    try:
        choice = choice_of(symbol, interval, since, until)
    except ValueError as error:
        fail(str(error), USAGE)
    with kafka_errors():
        run_export(ExportRequest(kind, form, choice, output, as_json))

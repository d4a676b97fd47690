"""``autotrader demo``: real recordings end to end, and the recommendations as they are made."""

from pathlib import Path
from typing import Annotated

import typer

from autotrader.output import FAILED, clear_errors, fail
from infra.settings import Settings

HELP = """Replay real recordings end to end and watch the explained recommendations.

Starts the embedded stack, trains the models if there are none, replays daily bars of five US stocks and half a million trades of
a future, then goes on as a paced feed. Ctrl-C ends everything that it started; started again, it finds its data.

Recordings of the past and a synthetic sample of news: nothing here is advice.

Example: autotrader demo --once --json
"""

app = typer.Typer(rich_markup_mode=None)


@app.command(help=HELP)
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Replay to the end, print one JSON object with the figures, and leave.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout: one object a second; with --once one in all.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of all data; else AUTOTRADER_DATA_DIR or .autotrader.")] = None,
    days: Annotated[int | None, typer.Option(hidden=True, help="Only the last so many trading days.")] = None,
    ticks: Annotated[int | None, typer.Option(hidden=True, help="Only the last so many ticks.")] = None,
    day_seconds: Annotated[float, typer.Option(hidden=True, help="Seconds for a trading day of the paced feed.")] = 3.0,
    tick_speed: Annotated[float, typer.Option(hidden=True, help="Speed of the paced ticks.")] = 60.0,
) -> None:
    """Run the demo."""
    from autotrader.demo.errors import DemoError  # noqa: PLC0415  # what a demo needs takes a second to import
    from autotrader.demo.feeding import Speeds  # noqa: PLC0415
    from autotrader.demo.options import Options  # noqa: PLC0415
    from autotrader.demo.plan import Slice  # noqa: PLC0415
    from autotrader.demo.run import run_demo  # noqa: PLC0415

    with clear_errors(ValueError):
        settings = Settings.load({} if data_dir is None else {"data_dir": data_dir})
        settings = settings.model_copy(update={"data_dir": settings.data_dir.resolve()})
        options = Options(once, as_json, Slice(days, ticks), Speeds(day_seconds, tick_speed))
    try:
        code = run_demo(settings, options)
    except DemoError as error:
        fail(str(error), FAILED)
    raise typer.Exit(code)

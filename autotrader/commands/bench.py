"""``autotrader bench``: measures, on a stack of its own, and says on what."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from autotrader.output import clear_errors, print_json
from benchmarks.harness import Measured, report
from infra.settings import Settings

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Measure on a stack of the benchmark's own; medians of several runs."
)

Runs = Annotated[int, typer.Option(help="How often to measure.", min=1)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.command(help="Events/s with Avro decode, beside three peers.\n\nExample: autotrader bench transport --runs 3 --json")
def transport(runs: Runs = 3, json: Json = False) -> None:
    """Measure the chunk transport."""
    from benchmarks import transport as bench  # noqa: PLC0415

    _show("transport", runs, lambda: bench.run(runs, _cache()), json=json)


@app.command(help="Ticks to bars and features, exactly once.\n\nExample: autotrader bench bars --symbols 2000")
def bars(
    runs: Runs = 3,
    symbols: Annotated[int, typer.Option(help="Symbols that trade.", min=1)] = 500,
    ticks: Annotated[int, typer.Option(help="Ticks of a run.", min=100_000)] = 1_500_000,
    json: Json = False,
) -> None:
    """Measure the bars and features agents."""
    from benchmarks import bars as bench  # noqa: PLC0415

    _show("bars", runs, lambda: bench.run(runs, _cache(), count=ticks, symbols=symbols), json=json)


@app.command(help="Tick that closes a bar to visible recommendation.\n\nExample: autotrader bench latency --json")
def latency(runs: Runs = 3, json: Json = False) -> None:
    """Measure the way through all three agents."""
    from benchmarks import latency as bench  # noqa: PLC0415

    _show("latency", runs, lambda: bench.run(runs, _cache(), _data()), json=json)


@app.command(help="Features to explained recommendations.\n\nExample: autotrader bench inference --json")
def inference(runs: Runs = 3, json: Json = False) -> None:
    """Measure the judgement."""
    from benchmarks import inference as bench  # noqa: PLC0415

    _show("inference", runs, lambda: bench.run(runs, _data()), json=json)


@app.command(help="Kafka to Postgres and ClickHouse.\n\nExample: autotrader bench projections --runs 3")
def projections(runs: Runs = 3, json: Json = False) -> None:
    """Measure the read models."""
    from benchmarks import projections as bench  # noqa: PLC0415

    _show("projections", runs, lambda: bench.run(runs, _cache(), _data()), json=json)


@app.command(help="50 explained recommendations out of a million, 200 times a second.\n\nExample: autotrader bench api --json")
def api(runs: Runs = 3, json: Json = False) -> None:
    """Measure the API."""
    from benchmarks import serving as bench  # noqa: PLC0415

    _show("api", runs, lambda: bench.run(runs, _cache(), _data()), json=json)


@app.command(help="The sentiment scorer on texts that people rated.\n\nExample: autotrader bench sentiment --runs 1")
def sentiment(runs: Runs = 1, json: Json = False) -> None:
    """Measure the sentiment scorer."""
    from benchmarks import sentiment as bench  # noqa: PLC0415

    _show("sentiment", runs, lambda: bench.run(runs, _cache()), json=json)


def _show(name: str, runs: int, measure: Callable[[], dict[str, Measured]], *, json: bool) -> None:
    with clear_errors(RuntimeError, TimeoutError, OSError, ValueError):
        measured = report(name, runs, measure())
    if json:
        print_json(measured)
        return
    table = Table("figure", "median", "min", "max", "unit", title=f"{name}: {runs} runs on {measured['machine']['cpu']}")
    for figure, summary in measured["results"].items():
        table.add_row(figure, *(f"{summary[part]:,.4g}" for part in ("median", "min", "max")), summary["unit"])
    Console().print(table)


def _data() -> Path:
    return Settings.load().data_dir


def _cache() -> Path:
    return _data() / "cache"

"""``autotrader train``: models from the past of the recordings."""

from typing import Annotated, Literal, cast

import typer

from autotrader.output import USAGE, clear_errors, fail, people, print_json

HELP = """Train the models that are missing, each on the past of the recordings only: daily bars up to 2009, minute bars of the
first session of the trades. What was trained is stored under the hash of its contents and serves from then on.

Example: autotrader train --interval 1d --force
"""

_INTERVALS = ("1d", "1m")
_KINDS = ("lightgbm", "linear")

app = typer.Typer(rich_markup_mode=None)


@app.command(help=HELP)
def train(
    interval: Annotated[
        list[str] | None, typer.Option(help=f"{' or '.join(_INTERVALS)}; can be repeated; both where not given.")
    ] = None,
    kind: Annotated[str, typer.Option(help=f"{' or '.join(_KINDS)}.")] = "lightgbm",
    force: Annotated[bool, typer.Option("--force", help="Train even where a model serves.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Train models."""
    intervals = tuple(interval or _INTERVALS)
    if wrong := set(intervals) - set(_INTERVALS):
        fail(f"expected --interval {' or '.join(_INTERVALS)}, found {', '.join(sorted(wrong))}", USAGE)
    if kind not in _KINDS:
        fail(f"expected --kind {' or '.join(_KINDS)}, found {kind}", USAGE)
    from autotrader.training import TrainingRequest, run_training  # noqa: PLC0415  # LightGBM takes its time
    from infra.settings import Settings  # noqa: PLC0415

    with clear_errors(ValueError, RuntimeError):
        settings = Settings.load()
        request = TrainingRequest(intervals, cast("Literal['lightgbm', 'linear']", kind), force)
        result = run_training(request, settings.models_folder, round(settings.streams.lateness_s * 1_000_000), quiet=as_json)
    if as_json:
        print_json(result)
        return
    for model in result["models"]:
        done = "trained" if model["trained"] else "serves already"
        edge = ", ".join(f"{name} {verdict}" for name, verdict in model["edge"].items())
        people().out(f"{model['interval']}  {done}  {model['id'][:12]}  {edge}\n    report: {model['path']}/report.md")

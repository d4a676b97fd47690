"""``autotrader models``: the trained models."""

from pathlib import Path
from typing import Annotated, Any

import typer

from autotrader.output import clear_errors, fail, people, print_json

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The trained models, each known by the hash of its contents.")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
_SHORT = 12


@app.command(name="list", help="List the models; * marks those that serve.\n\nExample: autotrader models list --json")
def show_all(as_json: AsJson = False) -> None:
    """List the models."""
    from models.artifacts import ArtifactError, current, list_artifacts, load  # noqa: PLC0415  # each command imports what it needs

    with clear_errors(ArtifactError, ValueError):
        root = _root()
        serving = current(root)
        rows = [_row(model_id, load(root, model_id).manifest, serving) for model_id in list_artifacts(root)]
    if as_json:
        print_json({"folder": str(root), "models": rows})
        return
    if not rows:
        people().out(f"no models in {root}: train them with `autotrader train`")
        return
    _print_table(rows)


@app.command(help="Show a model with its report, by its id or the beginning of it.\n\nExample: autotrader models show 3f9a")
def show(model: Annotated[str, typer.Argument(help="Id or its beginning.")], as_json: AsJson = False) -> None:
    """Show one model."""
    from models.artifacts import ArtifactError, current, list_artifacts, load  # noqa: PLC0415

    with clear_errors(ArtifactError, ValueError):
        root = _root()
        found = [model_id for model_id in list_artifacts(root) if model_id.startswith(model)]
        if len(found) != 1:
            fail(f"expected one model {model}, found {len(found)}: see `autotrader models list`")
        artifact = load(root, found[0])
        serving = current(root)
    if as_json:
        print_json({**_row(found[0], artifact.manifest, serving), "path": str(root / found[0]), "manifest": artifact.manifest})
        return
    for name, value in _row(found[0], artifact.manifest, serving).items():
        typer.echo(f"{name:>12}  {value}")
    typer.echo(f"{'path':>12}  {root / found[0]}\n")
    typer.echo(artifact.files["report.md"].decode() if "report.md" in artifact.files else "no report")


def _root() -> Path:
    from infra.settings import Settings  # noqa: PLC0415

    return Settings.load().models_folder


def _row(model_id: str, manifest: Any, serving: dict[str, str]) -> dict[str, Any]:
    from schemas.values import iso  # noqa: PLC0415

    return {
        "id": model_id,
        "interval": manifest["interval"],
        "serves": serving.get(manifest["interval"]) == model_id,
        "kind": manifest["kind"],
        "feature_set": manifest["feature_set"],
        "symbols": manifest["symbols"],
        "rows": manifest["rows"],
        "train_start": iso(manifest["train_start"]),
        "train_end": iso(manifest["train_end"]),
        "edge": manifest.get("metrics", {}).get("edge", {}),
    }


def _print_table(rows: list[dict[str, Any]]) -> None:
    from autotrader.tables import print_table, table  # noqa: PLC0415

    shown = table("", "id", "interval", "kind", "rows", "trained on", "edge")
    for row in rows:
        edge = ", ".join(f"{name} {verdict}" for name, verdict in row["edge"].items())
        span = f"{row['train_start'][:10]} to {row['train_end'][:10]}"
        shown.add_row(
            "*" if row["serves"] else "", row["id"][:_SHORT], row["interval"], row["kind"], f"{row['rows']:,}", span, edge
        )
    print_table(shown)

"""``autotrader run``: the roles of the platform."""

from pathlib import Path
from typing import Annotated

import typer

from autotrader.output import USAGE, clear_errors, fail, people
from autotrader.wiring import role_settings
from infra.settings import Settings

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Run a role of the platform until it is told to stop (Ctrl-C or SIGTERM)."
)

EndWith = Annotated[int | None, typer.Option(hidden=True, help="End when this parent process is gone.")]


@app.command(help="The agents: ticks to bars, features and recommendations.\n\nExample: autotrader run streams --agents bars")
def streams(
    agents: Annotated[
        str, typer.Option(help="Which agents, by commas: the same for all workers.")
    ] = "bars,features,recommendations",
    instance: Annotated[str | None, typer.Option(help="Static name of this worker: a restart is taken back at once.")] = None,
    end_with: EndWith = None,
) -> None:
    """Run the agents."""
    from autotrader.roles.streams import AGENTS, run_streams  # noqa: PLC0415  # Faust takes a second to import

    names = tuple(name.strip() for name in agents.split(",") if name.strip())
    if not names or set(names) - set(AGENTS):
        fail(f"expected agents among {', '.join(AGENTS)}, found {agents!r}", USAGE)
    _bind(end_with)
    run_streams(_settings(kafka_only=True), agents=names, instance=instance)


@app.command(help="The read models in Postgres and ClickHouse.\n\nExample: autotrader run projections")
def projections(end_with: EndWith = None) -> None:
    """Run the projections."""
    from autotrader.roles.projections import run_projections  # noqa: PLC0415

    _bind(end_with)
    run_projections(_settings())


@app.command(help="The HTTP API and its documentation page.\n\nExample: autotrader run api --port 8080")
def api(
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65_535)] = None,
    end_with: EndWith = None,
) -> None:
    """Run the API."""
    from autotrader.roles.api import run_api  # noqa: PLC0415

    _bind(end_with)
    settings = _settings()
    if port is not None:
        settings = settings.model_copy(update={"api": settings.api.model_copy(update={"port": port})})
    run_api(settings)


@app.command(name="all", help="All roles on this machine, each in a process of its own.\n\nExample: autotrader run all")
def all_roles() -> None:
    """Run every role under a supervisor."""
    from autotrader.roles.everything import run_everything  # noqa: PLC0415

    settings = _settings()
    people().print(f"running streams, projections and api; logs in {Path(settings.data_dir) / 'logs'}; Ctrl-C ends them")
    run_everything(settings)


def _bind(parent: int | None) -> None:
    if parent is not None:
        from autotrader.supervisor import end_with  # noqa: PLC0415

        end_with(parent)


def _settings(*, kafka_only: bool = False) -> Settings:
    with clear_errors(ValueError, RuntimeError):
        return role_settings(kafka_only=kafka_only)

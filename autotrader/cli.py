"""The ``autotrader`` command. A group's module is imported when it is called: ``--help`` stays quick."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

GROUPS = {
    "demo": "Replay real recordings end to end and watch the recommendations.",
    "stack": "The embedded stack: Kafka, PostgreSQL and ClickHouse without Java, docker or root.",
    "run": "Run a role of the platform.",
    "ingest": "Bring a file of ticks, bars, corporate actions, news or posts in, exactly once.",
    "export": "Write what the log holds to a file.",
    "train": "Train the models that are missing.",
    "models": "The trained models.",
    "topics": "The topics of the log.",
    "schemas": "The schemas of the events.",
    "dlq": "Dead letters: what could not be processed.",
    "lag": "How far each role is behind.",
    "bench": "Measure.",
}
"""In the order of the help."""


class LazyGroup(TyperGroup):
    """Knows its commands by name, and imports one when it is needed."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(GROUPS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in GROUPS:
            return None
        command = typer.main.get_command(import_module(f"autotrader.commands.{cmd_name}").app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(GROUPS.items()))


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="AutoTrader AI: event-sourced market intelligence with explained recommendations. Nothing here is investment advice.",
)


@app.callback()
def _root() -> None:
    """Hold the groups."""


def main(arguments: list[str] | None = None) -> Any:
    """Run the command."""
    return app(args=arguments)

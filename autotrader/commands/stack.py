"""``autotrader stack``: the embedded stack of this folder."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from autotrader.output import FAILED, OK, people, print_json

if TYPE_CHECKING:
    from infra.local.stack import EmbeddedStack

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Kafka, PostgreSQL and ClickHouse on this machine, without Java, docker or root; data lie in .autotrader.",
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.command(help="Start what does not run, and create the topics. It stays up until `stack down`.\n\nExample: autotrader stack up")
def up(as_json: AsJson = False) -> None:
    """Start the stack."""
    from autotrader.kafka_errors import kafka_errors  # noqa: PLC0415  # each command imports what it needs
    from infra.clients import kafka  # noqa: PLC0415
    from infra.settings import Settings, with_endpoints  # noqa: PLC0415
    from schemas.topics import TOPICS  # noqa: PLC0415

    with kafka_errors():
        stack = _stack(quiet=as_json)
        endpoints = stack.up()
        settings = with_endpoints(Settings.load(), endpoints).kafka
        admin = kafka.admin(settings, "stack")
        kafka.create_topics(
            admin, TOPICS.values(), partitions=settings.topic_partitions, replication_factor=settings.replication_factor
        )
    result = {"kafka": endpoints.kafka, "postgres": endpoints.postgres_dsn, "clickhouse": endpoints.clickhouse_socket}
    if as_json:
        print_json(result)
        return
    for name, address in result.items():
        typer.echo(f"{name:>12}  {address}")


@app.command(help="Show what runs; the exit code is 1 where something does not.\n\nExample: autotrader stack status --json")
def status(as_json: AsJson = False) -> None:
    """Show the stack."""
    from dataclasses import asdict  # noqa: PLC0415

    from autotrader.kafka_errors import kafka_errors  # noqa: PLC0415

    with kafka_errors():
        found = _stack(quiet=True).status()
    running = all(component.running for component in found)
    if as_json:
        print_json({"running": running, "components": [asdict(component) for component in found]})
    else:
        _print_table(found)
    raise typer.Exit(OK if running else FAILED)


@app.command(help="Stop everything; the data stay.\n\nExample: autotrader stack down")
def down(as_json: AsJson = False) -> None:
    """Stop the stack."""
    from autotrader.kafka_errors import kafka_errors  # noqa: PLC0415

    with kafka_errors():
        _stack(quiet=as_json).down()
    _say("down", as_json)


@app.command(help="Stop everything and delete the data; downloads stay.\n\nExample: autotrader stack reset --yes")
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete the stack's data."""
    from autotrader.kafka_errors import kafka_errors  # noqa: PLC0415

    with kafka_errors():
        stack = _stack(quiet=as_json)
        if not yes:
            typer.confirm("Delete all data of the embedded stack in this folder?", abort=True, err=True)
        stack.reset()
    _say("reset", as_json)


def _stack(*, quiet: bool) -> "EmbeddedStack":
    from infra.local.progress import Progress  # noqa: PLC0415
    from infra.local.stack import EmbeddedStack  # noqa: PLC0415
    from infra.settings import Settings  # noqa: PLC0415

    console = people()
    last: dict[str, str] = {}

    def tell(progress: Progress) -> None:
        share = f" {progress.done * 100 // progress.total} %" if progress.total else ""
        if last.get(progress.component) != (line := f"{progress.message}{share}"):
            last[progress.component] = line
            console.out(f"{progress.component}: {line}")

    data_dir = Settings.load().data_dir
    return EmbeddedStack(data_dir) if quiet else EmbeddedStack(data_dir, progress=tell)


def _say(done: str, as_json: bool) -> None:
    if as_json:
        print_json({"stack": done})
    else:
        people().out(f"the stack is {done}")


def _print_table(found: Any) -> None:
    from autotrader.tables import print_table, table  # noqa: PLC0415

    shown = table("component", "runs", "pid", "address", "up for", "memory")
    for component in found:
        shown.add_row(
            component.name,
            "yes" if component.running else "no",
            str(component.pid or ""),
            component.endpoint or "",
            "" if component.uptime_s is None else f"{component.uptime_s:,.0f} s",
            "" if component.rss_mib is None else f"{component.rss_mib:,.0f} MiB",
        )
    print_table(shown)

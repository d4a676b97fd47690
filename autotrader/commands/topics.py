"""``autotrader topics``: the topics of the catalogue, and creating them."""

from typing import TYPE_CHECKING, Annotated

import typer

from autotrader.output import clear_errors, people, print_json

if TYPE_CHECKING:
    from streams.operations.topics import TopicState

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The topics of the log.")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.command(name="list", help="Show every topic of the catalogue, and what it holds.\n\nExample: autotrader topics list --json")
def show(as_json: AsJson = False) -> None:
    """List the topics."""
    from autotrader.kafka_errors import kafka_errors  # noqa: PLC0415  # each command imports what it needs
    from autotrader.source_clients import SourceClients, quiet  # noqa: PLC0415
    from autotrader.wiring import running_settings  # noqa: PLC0415
    from infra.clients import kafka  # noqa: PLC0415
    from schemas.topics import TOPICS  # noqa: PLC0415
    from streams.operations.topics import topic_states  # noqa: PLC0415

    with kafka_errors():
        settings = running_settings()
        reader = SourceClients(settings.kafka, "topics", settings.streams.transaction_timeout_s).reader(committed=True)
        try:
            states = topic_states(kafka.admin(quiet(settings.kafka), "topics"), reader, TOPICS.values())
        finally:
            reader.close()
    if as_json:
        print_json({"topics": [_row(state) for state in states]})
    else:
        _print_table(states)


@app.command(help="Create the topics that do not exist.\n\nExample: autotrader topics create")
def create(as_json: AsJson = False) -> None:
    """Create the missing topics."""
    from autotrader.kafka_errors import kafka_errors  # noqa: PLC0415
    from autotrader.source_clients import quiet  # noqa: PLC0415
    from autotrader.wiring import running_settings  # noqa: PLC0415
    from infra.clients import kafka  # noqa: PLC0415
    from schemas.topics import TOPICS  # noqa: PLC0415

    with kafka_errors(), clear_errors(ValueError):
        settings = running_settings()
        partitions, copies = settings.kafka.topic_partitions, settings.kafka.replication_factor
        admin = kafka.admin(quiet(settings.kafka), "topics")
        created = kafka.create_topics(admin, TOPICS.values(), partitions=partitions, replication_factor=copies)
    if as_json:
        print_json({"created": created, "partitions": partitions})
    else:
        people().out(f"created {', '.join(created)} with {partitions} partitions" if created else "every topic exists")


def _row(state: "TopicState") -> dict[str, object]:
    return {
        "name": state.name,
        "exists": state.partitions > 0,
        "partitions": state.partitions,
        "key": state.key,
        "events": state.events,
        "first_offsets": state.first_offsets,
        "end_offsets": state.end_offsets,
        "offsets": state.offsets,
    }


def _print_table(states: "list[TopicState]") -> None:
    from autotrader.tables import print_table, table  # noqa: PLC0415

    shown = table("topic", "partitions", "offsets", "key", "holds")
    for state in states:
        held = f"{state.offsets:,}" if state.partitions else "missing"
        shown.add_row(state.name, str(state.partitions or ""), held, state.key, state.doc)
    print_table(shown)

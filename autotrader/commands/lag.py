"""``autotrader lag``: how far each role is behind."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autotrader.output import print_json

if TYPE_CHECKING:
    from infra.settings import Settings
    from streams.operations.lag import Lag, Place

app = typer.Typer(rich_markup_mode=None)

HELP = """Show how far each role is behind: records and seconds, by topic and partition.

Seconds count from when the oldest unread record was appended. Agents are where their checkpoints say, the read models and other
consumers where their group's offsets say.

Example: autotrader lag --json
"""


@app.command(help=HELP)
def lag(as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False) -> None:
    """Show the lag."""
    import time  # noqa: PLC0415

    from autotrader.kafka_errors import kafka_errors  # noqa: PLC0415  # each command imports what it needs
    from autotrader.source_clients import SourceClients  # noqa: PLC0415
    from autotrader.wiring import running_settings  # noqa: PLC0415
    from streams.operations.lag import lags  # noqa: PLC0415

    with kafka_errors():
        settings = running_settings()
        clients = SourceClients(settings.kafka, "lag", settings.streams.transaction_timeout_s)
        places = _places(settings, clients)
        reader = clients.reader(committed=True)
        try:
            found = lags(reader, places, time.time_ns() // 1_000_000)
        finally:
            reader.close()
    if as_json:
        print_json({"roles": _by_role(found)})
    else:
        _print_table(found)


def _places(settings: "Settings", clients: Any) -> "list[Place]":
    from autotrader.output import fail  # noqa: PLC0415
    from autotrader.source_clients import quiet  # noqa: PLC0415
    from infra.clients import kafka  # noqa: PLC0415
    from schemas.access import AGENTS, ROLES  # noqa: PLC0415
    from schemas.topics import CHECKPOINTS, TOPICS  # noqa: PLC0415
    from streams.operations.lag import agent_places  # noqa: PLC0415

    admin = kafka.admin(quiet(settings.kafka), "lag")
    known = {name: len(topic.partitions) for name, topic in admin.list_topics(timeout=15.0).topics.items()}
    if missing := TOPICS.keys() - known.keys():
        fail(f"expected the topics {', '.join(sorted(missing))}, found none: create them with `autotrader topics create`")
    inputs = {agent: [topic for topic in ROLES[agent].reads if topic != CHECKPOINTS] for agent in AGENTS}
    return [*agent_places(clients, inputs, known), *_group_places(admin, known)]


def _group_places(admin: Any, partitions: dict[str, int]) -> "list[Place]":
    """Return where consumer groups go on: those of the read models, begun or not, and every other one that has offsets."""
    from confluent_kafka import ConsumerGroupTopicPartitions  # noqa: PLC0415

    from projections.versions import BARS_V1, FEATURES_V1, RECOMMENDATIONS_V1, SYMBOLS_V1  # noqa: PLC0415
    from streams.operations.lag import Place  # noqa: PLC0415

    expected = {view.group: view.topic for view in (RECOMMENDATIONS_V1, SYMBOLS_V1, BARS_V1, FEATURES_V1)}
    listed = {group.group_id for group in admin.list_consumer_groups().result().valid}
    positions: dict[tuple[str, str, int], int | None] = {
        (group, topic, number): None for group, topic in expected.items() for number in range(partitions[topic])
    }
    for group in sorted((listed | expected.keys()) - {_AGENTS_GROUP}):
        answer = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result()
        for place in answer.topic_partitions:
            if place.offset >= 0 and place.topic in partitions:
                positions[group, place.topic, place.partition] = place.offset
    return [Place(*identity, position) for identity, position in sorted(positions.items())]


_AGENTS_GROUP = "streams"
"""Its offsets only mirror the checkpoints of the agents."""


def _by_role(found: "Iterable[Lag]") -> list[dict[str, Any]]:
    roles: dict[str, list[Lag]] = {}
    for one in found:
        roles.setdefault(one.place.role, []).append(one)
    return [
        {
            "role": role,
            "records": sum(one.records for one in own),
            "seconds": round(max(one.seconds for one in own), 3),
            "partitions": [_row(one) for one in own],
        }
        for role, own in roles.items()
    ]


def _row(one: "Lag") -> dict[str, Any]:
    place = one.place
    return {
        "topic": place.topic,
        "partition": place.partition,
        "position": place.position,
        "end": one.end,
        "records": one.records,
        "seconds": round(one.seconds, 3),
    }


def _print_table(found: "list[Lag]") -> None:
    from autotrader.tables import print_table, table  # noqa: PLC0415

    shown = table("role", "topic", "partition", "position", "end", "records behind", "seconds behind")
    for one in found:
        place = one.place
        position = "not begun" if place.position is None else f"{place.position:,}"
        shown.add_row(
            place.role, place.topic, str(place.partition), position, f"{one.end:,}", f"{one.records:,}", f"{one.seconds:,.1f}"
        )
    print_table(shown)

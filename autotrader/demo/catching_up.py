"""Waits until every role has read all there is: what one agent writes is the next one's input, so all have to be asked at once."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

from projections.versions import BARS_V1, FEATURES_V1, RECOMMENDATIONS_V1, SYMBOLS_V1
from schemas.access import AGENTS, ROLES
from schemas.topics import CHECKPOINTS
from streams.operations.lag import Lag, Place, agent_places, lags
from streams.ports import Clients

_PROJECTIONS = (RECOMMENDATIONS_V1, SYMBOLS_V1, BARS_V1, FEATURES_V1)
_PAUSE_S = 0.5


def until_caught_up(behind: Callable[[], Mapping[str, int]], told: Callable[[Mapping[str, int]], None]) -> None:
    """Return when no role is behind. ``behind`` returns records by role, ``told`` hears it and may raise.

    Asked twice: between the answers for an agent and for the one after it, the first may have written.
    """
    times_clear = 0
    while times_clear < 2:  # noqa: PLR2004  # see above
        found = behind()
        told(found)
        times_clear = 0 if any(found.values()) else times_clear + 1
        time.sleep(_PAUSE_S)


def records_behind(clients: Clients, admin: Any) -> dict[str, int]:
    """Return how many records each role is behind: agents by their checkpoints, read models by the offsets of their groups."""
    partitions = {name: len(topic.partitions) for name, topic in admin.list_topics(timeout=15.0).topics.items()}
    inputs = {agent: [topic for topic in ROLES[agent].reads if topic != CHECKPOINTS] for agent in AGENTS}
    places = [*agent_places(clients, inputs, partitions), *_projection_places(admin, partitions)]
    reader = clients.reader(committed=True)
    try:
        found = lags(reader, places, 0)
    finally:
        reader.close()
    return _by_role(found)


def _projection_places(admin: Any, partitions: Mapping[str, int]) -> list[Place]:
    places = []
    for projection in _PROJECTIONS:
        asked = ConsumerGroupTopicPartitions(
            projection.group, [TopicPartition(projection.topic, number) for number in range(partitions[projection.topic])]
        )
        answer = admin.list_consumer_group_offsets([asked])[projection.group].result()
        places += [
            Place(projection.group, place.topic, place.partition, place.offset if place.offset >= 0 else None)
            for place in answer.topic_partitions
        ]
    return places


def _by_role(found: list[Lag]) -> dict[str, int]:
    roles: dict[str, int] = {}
    for lag in found:
        roles[lag.place.role] = roles.get(lag.place.role, 0) + lag.records
    return roles

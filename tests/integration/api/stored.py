"""What projections store, under names of one test only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg

from infra.clients.clickhouse_embedded import EmbeddedAnalytics
from infra.local.stack import EmbeddedStack
from projections.migrate import migrate_clickhouse, migrate_postgres
from projections.ports import StoreRejected, StoreUnavailable
from projections.records import Records
from projections.versions import Projection
from projections.views.bars import BarsView
from projections.views.features import FeaturesView
from projections.views.recommendations import RecommendationsView
from projections.views.symbols import SymbolsView
from schemas.events.base import Event
from schemas.topics import BARS, FEATURES, RECOMMENDATIONS
from tests.builders import codec

_MOVED = """
INSERT INTO projections.projection_offsets (projection, version, topic, partition, next_offset, epoch)
VALUES (%s, %s, %s, %s, %s, 1)
ON CONFLICT (projection, version, topic, partition) DO UPDATE SET next_offset = excluded.next_offset
"""


@dataclass(frozen=True)
class Versions:
    """The read models of one test."""

    recommendations: Projection
    symbols: Projection
    bars: Projection
    features: Projection


def versions(namespace: str) -> Versions:
    def one(name: str, topic: str) -> Projection:
        return Projection(f"{namespace}.{name}", topic, prefix=namespace)

    return Versions(one("recommendations", RECOMMENDATIONS), one("symbols", BARS), one("bars", BARS), one("features", FEATURES))


def analytics_of(stack: EmbeddedStack) -> EmbeddedAnalytics:
    return EmbeddedAnalytics(stack.endpoints().clickhouse_socket, unavailable=StoreUnavailable, rejected=StoreRejected)


def prepare(stack: EmbeddedStack, read: Versions) -> None:
    with psycopg.connect(stack.endpoints().postgres_dsn, autocommit=True) as connection:
        migrate_postgres(connection, read.recommendations.schema)
        analytics = analytics_of(stack)
        migrate_clickhouse(analytics, connection, read.recommendations.schema)
        analytics.close()


def records(events: Sequence[Event], first: int = 0) -> Records:
    """Event n at offset n // 2 of partition n % 2."""
    numbers = np.arange(first, first + len(events))
    coder = codec()
    return Records((numbers % 2).astype(np.int32), (numbers // 2).astype(np.int64), [coder.encode(event) for event in events])


def store_in_postgres(stack: EmbeddedStack, projection: Projection, events: Sequence[Event], first: int = 0) -> None:
    view: Any = (RecommendationsView if projection.topic == RECOMMENDATIONS else SymbolsView)(codec(), projection)
    batch = records(events, first)
    folded = view.fold(batch)
    assert not folded.flaws
    with psycopg.connect(stack.endpoints().postgres_dsn) as connection, connection.cursor() as cursor:
        view.prepare(cursor)
        view.write(cursor, folded.rows)
        for partition in set(batch.partitions.tolist()):
            end = int(batch.offsets[batch.partitions == partition].max()) + 1
            cursor.execute(_MOVED, (projection.name, projection.version, projection.topic, partition, end))


def store_in_clickhouse(stack: EmbeddedStack, projection: Projection, events: Sequence[Event]) -> None:
    view: Any = (BarsView if projection.topic == BARS else FeaturesView)(codec(), projection)
    folded = view.fold(records(events))
    assert not folded.flaws
    analytics = analytics_of(stack)
    analytics.insert(view.table, folded.rows)
    analytics.close()

"""Recommendations with their explanations, in Postgres: what a runner stores, and what is asked of it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any
from uuid import UUID

import orjson
import psycopg

from projections.checks import Names
from projections.paging import Cursor, Place
from projections.records import Folded, Records
from projections.session import translated
from projections.versions import RECOMMENDATIONS_V1, Projection
from projections.views import recommendation_sql as sql
from projections.views.recommendation_rows import COLUMNS, EXPLANATION_COLUMNS, VECTORS, Copies, RecommendationRows, event_of
from projections.views.recommendation_rows import render as render  # noqa: PLC0414  (part of this module's face)
from schemas.codec import Codec
from schemas.events.recommendations import RecommendationMade
from schemas.features import FEATURE_NAMES

LIMIT_MAX = 500
ACTIONS = ("BUY", "SELL", "HOLD")
_TABLES = {"recommendations": COLUMNS, "recommendation_explanations": EXPLANATION_COLUMNS}

log = logging.getLogger(__name__)


class RecommendationsView:
    """Stores recommendations and their explanations."""

    def __init__(self, codec: Codec, projection: Projection = RECOMMENDATIONS_V1) -> None:
        self.projection = projection
        self._rows = RecommendationRows(codec, projection.topic)

    def fold(self, records: Records) -> Folded[Copies]:
        """Return the rows of sound records as a COPY into each table, and what is wrong with the others."""
        return self._rows.fold(records)

    def prepare(self, cursor: psycopg.Cursor[Any]) -> None:
        """Make ready what a connection needs once."""
        cursor.execute("SET temp_buffers = '64MB'")
        for table in _TABLES:
            cursor.execute(sql.INCOMING.format(schema=self.projection.schema, table=table))

    def write(self, cursor: psycopg.Cursor[Any], rows: Copies) -> None:
        """Store rows within the caller's transaction; what is there already stays as it is.

        Nearly always nothing is: COPY straight into the tables costs the server a third of INSERT … ON CONFLICT.
        """
        if not rows.recommendations:
            return
        try:
            with cursor.connection.transaction():  # a savepoint
                _copy(cursor, rows, f"{self.projection.schema}.")
        except psycopg.errors.UniqueViolation:
            log.info("%s: a batch has rows that are stored already, they are left out", self.projection)
            _copy(cursor, rows, "incoming_")
            for table, columns in _TABLES.items():
                cursor.execute(sql.KEEP.format(schema=self.projection.schema, table=table, columns=columns))


def _copy(cursor: psycopg.Cursor[Any], rows: Copies, prefix: str) -> None:
    """Copy rows into the tables of a schema, or into those where they wait."""
    octets = (rows.recommendations, rows.explanations)
    for (table, columns), part in zip(_TABLES.items(), octets, strict=True):
        with cursor.copy(sql.COPY.format(table=prefix + table, columns=columns)) as copy:
            copy.write(part)


@dataclass(frozen=True, slots=True)
class RecommendationFilter:
    """Which recommendations to list; ValueError where a value cannot be meant."""

    symbols: tuple[str, ...] = ()
    """Empty: all."""
    action: str | None = None
    min_confidence: float | None = None
    since: int | None = None
    """Decided at or after, in microseconds since the Unix epoch."""
    interval: str | None = None
    limit: int = 50
    cursor: str | None = None

    def __post_init__(self) -> None:
        names = Names()
        for symbol in self.symbols:
            _expect(names.symbol(symbol), "a symbol", symbol)
        _expect(self.action is None or self.action in ACTIONS, f"one of {', '.join(ACTIONS)} as action", self.action)
        confidence = self.min_confidence
        _expect(confidence is None or (isfinite(confidence) and 0 <= confidence <= 1), "a confidence of 0 to 1", confidence)
        _expect(self.interval is None or names.interval(self.interval), "an interval such as 1m", self.interval)
        _expect(1 <= self.limit <= LIMIT_MAX, f"a limit of 1 to {LIMIT_MAX}", self.limit)


@dataclass(frozen=True, slots=True)
class RecommendationRow:
    """A stored recommendation."""

    id: str
    decided_at: int
    """Microseconds since the Unix epoch, as ``valid_until``."""
    valid_until: int
    body: bytes
    """A JSON object, ready to be sent."""
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some recommendations, newest first, and how to ask for those behind them; None where there are none."""

    items: tuple[RecommendationRow, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Following:
    """What came since a place, by time of decision, and the place behind it."""

    items: tuple[RecommendationRow, ...]
    place: Place


Connection = psycopg.AsyncConnection[Any]


async def latest_recommendations(
    connection: Connection, filters: RecommendationFilter, *, projection: Projection = RECOMMENDATIONS_V1
) -> Page:
    """Return the newest recommendations that pass the filter. UnreadableCursor, StoreUnavailable."""
    behind = None
    if filters.cursor is not None:
        cursor = Cursor.parse(filters.cursor)
        behind = (cursor.decided_at, cursor.id)
    text, arguments = sql.list_query(
        filters.symbols, filters.action, filters.min_confidence, filters.since, filters.interval, behind, filters.limit + 1
    )
    items = [_row(*row) for row in await _fetch(connection, text, arguments, projection)]
    more = len(items) > filters.limit
    items = items[: filters.limit]
    return Page(tuple(items), Cursor(items[-1].decided_at, items[-1].id).text() if more else None)


async def recommendation_by_id(
    connection: Connection, recommendation_id: str, *, projection: Projection = RECOMMENDATIONS_V1
) -> RecommendationRow | None:
    """Return one recommendation, its body with ``features`` too: the three vectors by name; None where it is not known."""
    if not _is_id(recommendation_id):
        return None
    for *row, raw, normalised, contributions in await _fetch(connection, sql.BY_ID, {"ids": [recommendation_id]}, projection):
        found = _row(*row)
        vectors = dict(zip(VECTORS, (raw, normalised, contributions), strict=True))
        features = orjson.dumps({name: dict(zip(FEATURE_NAMES, vector, strict=True)) for name, vector in vectors.items()})
        body = b"".join((found.body[:-1], b',"features":', features, b"}"))
        return RecommendationRow(found.id, found.decided_at, found.valid_until, body, found.partition, found.offset)
    return None


async def recommendation_events(
    connection: Connection, ids: Sequence[str], *, projection: Projection = RECOMMENDATIONS_V1
) -> dict[str, RecommendationMade]:
    """Return the whole events of some recommendations by id; ids that are not known are left out."""
    rows = await _fetch(connection, sql.BY_ID, {"ids": [one for one in ids if _is_id(one)]}, projection)
    return {row[0]: event_of(row[3], row[6:9], (row[1], row[2])) for row in rows}


async def recommendations_since(
    connection: Connection, place: Place, limit: int = 200, *, projection: Projection = RECOMMENDATIONS_V1
) -> Following:
    """Return what was stored since a place, at most ``limit`` of each partition."""
    partitions, offsets = list(place.next_offsets), list(place.next_offsets.values())
    arguments = {**_identity(projection), "partitions": partitions, "offsets": offsets, "limit": limit}
    items = [_row(*row) for row in await _fetch(connection, sql.FOLLOW, arguments, projection)]
    ends: dict[int, int] = dict(place.next_offsets)
    for item in items:
        ends[item.partition] = max(ends.get(item.partition, 0), item.offset + 1)
    return Following(tuple(items), Place(ends))


async def newest_place(connection: Connection, *, projection: Projection = RECOMMENDATIONS_V1) -> Place:
    """Return the place behind everything that is stored now."""
    return Place(dict(await _fetch(connection, sql.PLACES, _identity(projection), projection)))


async def _fetch(connection: Connection, text: str, arguments: Mapping[str, Any], projection: Projection) -> list[tuple[Any, ...]]:
    with translated():
        async with connection.cursor(binary=True) as cursor:
            await cursor.execute(text.format(schema=projection.schema), arguments)
            return await cursor.fetchall()


def _row(identity: str, decided_at: int, valid_until: int, rendered: str, partition: int, offset: int) -> RecommendationRow:
    return RecommendationRow(identity, decided_at, valid_until, rendered.encode(), partition, offset)


def _identity(projection: Projection) -> dict[str, Any]:
    return {"name": projection.name, "version": projection.version, "topic": projection.topic}


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _expect(holds: bool, what: str, found: object) -> None:
    if not holds:
        raise ValueError(f"expected {what}, found {found!r:.100}")

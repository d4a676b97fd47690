"""Where a projection stands in the log, in Postgres: taken over, moved on in the transaction of the rows, fenced by an epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from projections.versions import Projection

_CLAIM = """
INSERT INTO projections.projection_offsets AS o (projection, version, topic, partition, next_offset, epoch)
VALUES (%(name)s, %(version)s, %(topic)s, %(partition)s, 0, 1)
ON CONFLICT (projection, version, topic, partition) DO UPDATE SET epoch = o.epoch + 1, claimed_at = now()
RETURNING next_offset, epoch
"""
_UNFINISHED = """
SELECT next_offset FROM projections.projection_ranges
WHERE projection = %(name)s AND version = %(version)s AND topic = %(topic)s AND partition = %(partition)s
  AND first_offset = %(first)s AND done_at IS NULL
"""
_MOVES = "unnest(%(topics)s::text[], %(partitions)s::int[], %(firsts)s::bigint[], %(nexts)s::bigint[], %(epochs)s::bigint[])"
_SAME_PARTITION = "projection = %(name)s AND version = %(version)s AND o.topic = m.topic AND o.partition = m.partition"
_ADVANCE = f"""
UPDATE projections.projection_offsets o SET next_offset = m.next_offset, moved_at = now()
FROM {_MOVES} AS m (topic, partition, first_offset, next_offset, epoch)
WHERE {_SAME_PARTITION}
"""  # noqa: S608  (constants)
_STAND = f"""
SELECT o.topic, o.partition, o.next_offset, o.epoch
FROM projections.projection_offsets o
JOIN {_MOVES} AS m (topic, partition, first_offset, next_offset, epoch) ON {_SAME_PARTITION}
ORDER BY o.topic, o.partition
FOR UPDATE OF o
"""  # noqa: S608
_PLAN = f"""
INSERT INTO projections.projection_ranges AS r (projection, version, topic, partition, first_offset, next_offset, epoch)
SELECT %(name)s, %(version)s, m.* FROM {_MOVES} AS m (topic, partition, first_offset, next_offset, epoch)
ON CONFLICT (projection, version, topic, partition) DO UPDATE
SET first_offset = excluded.first_offset, next_offset = excluded.next_offset, epoch = excluded.epoch,
    planned_at = now(), done_at = NULL
"""  # noqa: S608
_DONE = f"""
UPDATE projections.projection_ranges o SET done_at = now()
FROM {_MOVES} AS m (topic, partition, first_offset, next_offset, epoch)
WHERE {_SAME_PARTITION} AND o.first_offset = m.first_offset AND o.next_offset = m.next_offset
"""  # noqa: S608


class Fenced(Exception):  # noqa: N818  (the field's name for it)
    """Another owner has taken a partition over since; nothing of the transaction stands."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A partition taken over: from where on, under which epoch, and what a former owner planned and may not have finished."""

    topic: str
    partition: int
    next_offset: int
    epoch: int
    unfinished: int | None = None
    """End of the range that was planned from ``next_offset`` on."""


@dataclass(frozen=True, slots=True)
class Move:
    """A range of offsets [first, next) of a partition that becomes part of a projection."""

    topic: str
    partition: int
    epoch: int
    first_offset: int
    next_offset: int


def claim(cursor: psycopg.Cursor[Any], projection: Projection, topic: str, partition: int) -> Claim:
    """Take a partition over: whoever had it before can commit nothing more. Waits for a transaction of the former owner to end."""
    at = {"name": projection.name, "version": projection.version, "topic": topic, "partition": partition}
    next_offset, epoch = _one(cursor.execute(_CLAIM, at))
    planned = cursor.execute(_UNFINISHED, {**at, "first": next_offset}).fetchone()
    return Claim(topic, partition, next_offset, epoch, planned[0] if planned else None)


def advance(cursor: psycopg.Cursor[Any], projection: Projection, moves: Sequence[Move]) -> bool:
    """Move the offsets within the caller's transaction; False where a transaction before this one did so already.

    That one was ours and its answer was lost. Fenced where the partition has another owner by now. From here on the rows are
    locked: a new owner waits until the transaction ends.
    """
    if not _is_open(cursor, projection, moves):
        return False
    cursor.execute(_ADVANCE, _arguments(projection, moves))
    return True


def plan(cursor: psycopg.Cursor[Any], projection: Projection, moves: Sequence[Move]) -> bool:
    """Write down ranges that are about to be inserted elsewhere; the same again is the same. False and Fenced as ``advance``."""
    if not _is_open(cursor, projection, moves):
        return False
    cursor.execute(_PLAN, _arguments(projection, moves))
    return True


def finish(cursor: psycopg.Cursor[Any], projection: Projection, moves: Sequence[Move]) -> bool:
    """Move the offsets past planned ranges that are inserted now; False and Fenced as ``advance``."""
    moved = advance(cursor, projection, moves)
    cursor.execute(_DONE, _arguments(projection, moves))
    return moved


def _is_open(cursor: psycopg.Cursor[Any], projection: Projection, moves: Sequence[Move]) -> bool:
    """Lock the partitions and tell whether all stand before their moves; False: behind them. Fenced where neither."""
    rows = cursor.execute(_STAND, _arguments(projection, moves)).fetchall()
    stands = {(topic, partition, epoch): next_offset for topic, partition, next_offset, epoch in rows}
    found = [stands.get((move.topic, move.partition, move.epoch)) for move in moves]
    if found == [move.first_offset for move in moves]:
        return True
    if found == [move.next_offset for move in moves]:
        return False
    expected = [(move.topic, move.partition, move.first_offset, move.epoch) for move in moves]
    raise Fenced(f"{projection}: expected {expected}, found {rows} (topic, partition, offset, epoch)")


def _arguments(projection: Projection, moves: Sequence[Move]) -> dict[str, object]:
    return {
        "name": projection.name,
        "version": projection.version,
        "topics": [move.topic for move in moves],
        "partitions": [move.partition for move in moves],
        "firsts": [move.first_offset for move in moves],
        "nexts": [move.next_offset for move in moves],
        "epochs": [move.epoch for move in moves],
    }


def _one(cursor: psycopg.Cursor[Any]) -> tuple[Any, ...]:
    row = cursor.fetchone()
    if row is None:
        raise RuntimeError("expected a row, found none")
    return tuple(row)

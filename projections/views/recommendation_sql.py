"""The SQL of the recommendations' read model."""

from typing import Any

from schemas.values import from_micros

# Where a batch waits that has a row which is stored already: COPY knows no ON CONFLICT.
INCOMING = "CREATE TEMP TABLE IF NOT EXISTS incoming_{table} (LIKE {schema}.{table}) ON COMMIT DELETE ROWS"
COPY = "COPY {table} ({columns}) FROM STDIN (FORMAT binary)"
KEEP = "INSERT INTO {schema}.{table} ({columns}) SELECT {columns} FROM incoming_{table} ON CONFLICT DO NOTHING"

_MICROS = "(extract(epoch FROM r.{0}) * 1000000)::bigint"
_ROW = f"""r.id::text, {_MICROS.format("decided_at")}, {_MICROS.format("valid_until")}, e.rendered,
    r.kafka_partition, r.kafka_offset"""
_VECTORS = "e.raw, e.normalised, e.contributions"
_WITH_EXPLANATION = "JOIN {schema}.recommendation_explanations e ON e.recommendation_id = r.id"

BY_ID = f"""
SELECT {_ROW}, {_VECTORS} FROM {{schema}}.recommendations r {_WITH_EXPLANATION} WHERE r.id = ANY(%(ids)s::uuid[])
"""  # noqa: S608

FOLLOW = f"""
SELECT {_ROW}
FROM projections.projection_offsets p
LEFT JOIN unnest(%(partitions)s::int[], %(offsets)s::bigint[]) AS seen (partition, next_offset) ON seen.partition = p.partition
CROSS JOIN LATERAL (
    SELECT * FROM {{schema}}.recommendations
    WHERE kafka_topic = p.topic AND kafka_partition = p.partition AND kafka_offset >= coalesce(seen.next_offset, 0)
    ORDER BY kafka_offset LIMIT %(limit)s
) r
{_WITH_EXPLANATION}
WHERE p.projection = %(name)s AND p.version = %(version)s AND p.topic = %(topic)s
ORDER BY r.decided_at, r.id
"""  # noqa: S608

PLACES = """
SELECT partition, next_offset FROM projections.projection_offsets
WHERE projection = %(name)s AND version = %(version)s AND topic = %(topic)s
"""


def list_query(
    symbols: tuple[str, ...],
    action: str | None,
    min_confidence: float | None,
    since: int | None,
    interval: str | None,
    behind: tuple[int, str] | None,
    limit: int,
) -> tuple[str, dict[str, Any]]:
    """Return the text and the arguments of the newest recommendations that pass, ``behind`` a (decided_at, id).

    Of several symbols, each gives its newest from its own part of the index, and the newest of those are taken.
    """
    arguments: dict[str, Any] = {"limit": limit}
    conditions = []
    for text, name, value in (
        ("action = %(action)s", "action", action),
        ("confidence >= %(min_confidence)s", "min_confidence", min_confidence),
        ("decided_at >= %(since)s", "since", None if since is None else from_micros(since)),
        ('"interval" = %(interval)s', "interval", interval),
    ):
        if value is not None:
            conditions.append(text)
            arguments[name] = value
    if behind is not None:
        conditions.append("(decided_at, id) < (%(behind_time)s, %(behind_id)s::uuid)")
        arguments |= {"behind_time": from_micros(behind[0]), "behind_id": behind[1]}
    source = ""
    if symbols:
        conditions.append("symbol = wanted.symbol")
        arguments["symbols"] = sorted(set(symbols))
        source = "unnest(%(symbols)s::text[]) AS wanted (symbol) CROSS JOIN LATERAL "
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    newest = "ORDER BY {0}decided_at DESC, {0}id DESC LIMIT %(limit)s"
    some = f"SELECT * FROM {{schema}}.recommendations {where} {newest.format('')}"  # noqa: S608
    chosen = f"SELECT r.* FROM {source}({some}) r {newest.format('r.')}"  # noqa: S608
    return f"SELECT {_ROW} FROM ({chosen}) r {_WITH_EXPLANATION} ORDER BY r.decided_at DESC, r.id DESC", arguments  # noqa: S608

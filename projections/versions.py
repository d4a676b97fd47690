"""A projection is a name and a version: tables, offsets and consumer group of its own, so that 2 is built beside 1."""

import re
from dataclasses import dataclass

from schemas.topics import BARS, FEATURES, RECOMMENDATIONS

_SCHEMA = re.compile(r"[a-z][a-z0-9_]{0,30}")


def checked_schema(schema: str) -> str:
    """Return a schema name that may stand in SQL text; ValueError otherwise."""
    if not _SCHEMA.fullmatch(schema):
        raise ValueError(f"expected a schema name such as read_v1, found {schema!r}")
    return schema


@dataclass(frozen=True, slots=True)
class Projection:
    """Identity of a projection, and the topic it is a fold of."""

    name: str
    topic: str
    version: int = 1
    prefix: str = "read"

    @property
    def schema(self) -> str:
        """Return where its tables lie: a schema in Postgres, a database in ClickHouse."""
        return checked_schema(f"{self.prefix}_v{self.version}")

    @property
    def group(self) -> str:
        """Return its consumer group."""
        return f"projections.{self}"

    def __str__(self) -> str:
        return f"{self.name}.v{self.version}"


RECOMMENDATIONS_V1 = Projection("recommendations", RECOMMENDATIONS)
SYMBOLS_V1 = Projection("symbols", BARS)
BARS_V1 = Projection("bars", BARS)
FEATURES_V1 = Projection("symbol_features", FEATURES)

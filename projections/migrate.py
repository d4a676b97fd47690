"""Brings the tables of the read side up to date: each file once, in order, one process at a time, recorded with its checksum.

A file that names ``{schema}`` is applied to each schema anew (the tables of each version of the read models), any other once.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Any, Literal

import psycopg

from projections.ports import Analytics
from projections.versions import checked_schema

_PLACE = "{schema}"
_SHARED = "projections"
_LOCK_KEY = 0x617574_6F6D6967
"""Of the advisory lock that migrations hold; any number that nothing else uses."""
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

_RECORD = """
CREATE SCHEMA IF NOT EXISTS projections;
CREATE TABLE IF NOT EXISTS projections.migrations (
    scope      text        NOT NULL,
    number     integer     NOT NULL,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, number)
);
"""

Store = Literal["postgres", "clickhouse"]


class MigrationError(Exception):
    """A migration cannot be applied: a file that was applied before has changed since."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """Return the SHA-256 of the file."""
        return sha256(self.text.encode()).hexdigest()

    def scope(self, schema: str) -> str:
        """Return what the file is applied once to: the schema it names, or everything."""
        return schema if _PLACE in self.text else _SHARED

    def statements(self, schema: str) -> list[str]:
        """Return the statements of the file for a schema, without comments."""
        code = re.sub(r"--[^\n]*", "", self.text).replace(_PLACE, checked_schema(schema))
        return [part.strip() for part in re.split(r";[ \t]*(?:\n|$)", code) if part.strip()]


def committed_migrations(store: Store) -> list[Migration]:
    """Read the files of a store, in their order; MigrationError where two share a number or a name is none."""
    found = []
    for file in (files("projections") / "migrations" / store).iterdir():
        match = _NAME.fullmatch(file.name)
        if match is None:
            raise MigrationError(f"expected a name such as 0001_bars.sql, found {file.name}")
        found.append(Migration(int(match[1]), file.name, file.read_text()))
    numbers = [migration.number for migration in found]
    if len(set(numbers)) != len(numbers):
        raise MigrationError(f"expected each number once in {store}, found {sorted(numbers)}")
    return sorted(found, key=lambda migration: migration.number)


def migrate_postgres(connection: psycopg.Connection[Any], schema: str = "read_v1") -> list[str]:
    """Apply what is missing, in one transaction; return the names of the files applied."""
    applied = []
    with _alone(connection):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {checked_schema(schema)}")
        for migration in committed_migrations("postgres"):
            scope = migration.scope(schema)
            row = connection.execute(
                "SELECT checksum FROM projections.migrations WHERE scope = %s AND number = %s", (scope, migration.number)
            ).fetchone()
            if _is_applied(migration, {} if row is None else {migration.number: row[0]}):
                continue
            for statement in migration.statements(schema):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO projections.migrations (scope, number, name, checksum) VALUES (%s, %s, %s, %s)",
                (scope, migration.number, migration.name, migration.checksum),
            )
            applied.append(migration.name)
    return applied


def migrate_clickhouse(analytics: Analytics, lock: psycopg.Connection[Any], schema: str = "read_v1") -> list[str]:
    """Apply what is missing while a lock in Postgres is held (ClickHouse has none); return the names of the files applied.

    A file that was interrupted is applied again, so its statements must stand being repeated (IF NOT EXISTS).
    """
    applied = []
    with _alone(lock):
        record = f"{checked_schema(schema)}.migrations"
        analytics.execute(f"CREATE DATABASE IF NOT EXISTS {schema}")
        analytics.execute(
            f"CREATE TABLE IF NOT EXISTS {record} (number Int32, name String, checksum String) ENGINE = MergeTree ORDER BY number"
        )
        rows = analytics.query(f"SELECT number, checksum FROM {record}")  # noqa: S608  (a checked name)
        recorded = dict(zip(rows.get("number", []), rows.get("checksum", []), strict=True))
        for migration in committed_migrations("clickhouse"):
            if _is_applied(migration, recorded):
                continue
            for statement in migration.statements(schema):
                analytics.execute(statement)
            row = {"number": [migration.number], "name": [migration.name], "checksum": [migration.checksum]}
            analytics.insert(record, row)
            applied.append(migration.name)
    return applied


def _is_applied(migration: Migration, recorded: Mapping[int, str]) -> bool:
    found = recorded.get(migration.number)
    if found is not None and found != migration.checksum:
        raise MigrationError(f"{migration.name}: expected what was applied, {found[:12]}, found {migration.checksum[:12]}")
    return found is not None


@contextmanager
def _alone(connection: psycopg.Connection[Any]) -> Iterator[None]:
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK_KEY,))
        connection.execute(_RECORD)
        yield

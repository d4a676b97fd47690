"""Migrations on the real stores: once each, whoever else is at it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from projections import migrate
from projections.migrate import Migration, MigrationError, committed_migrations, migrate_clickhouse, migrate_postgres
from tests.integration.projections.world import World

pytestmark = pytest.mark.stack


def names(store: str) -> list[str]:
    return [migration.name for migration in committed_migrations(store)]  # type: ignore[arg-type]


def test_a_second_run_applies_nothing(world: World) -> None:
    schema = f"{world.namespace}_v1"
    with world.connect() as connection:
        migrate_postgres(connection, schema)
        assert names("clickhouse") == migrate_clickhouse(world.analytics, connection, schema)

        assert [] == migrate_postgres(connection, schema)
        assert [] == migrate_clickhouse(world.analytics, connection, schema)


def test_each_schema_gets_tables_of_its_own_and_the_bookkeeping_is_shared(world: World) -> None:
    with world.connect() as connection:
        migrate_postgres(connection, f"{world.namespace}_v1")

        applied = migrate_postgres(connection, f"{world.namespace}_v2")

    assert "0002_recommendations.sql" in applied
    assert "0001_bookkeeping.sql" not in applied


def test_processes_that_start_at_once_do_not_trip_over_each_other(world: World) -> None:
    schema = f"{world.namespace}_v1"

    def both() -> list[str]:
        with world.connect() as connection:
            return [*migrate_postgres(connection, schema), *migrate_clickhouse(world.analytics, connection, schema)]

    with ThreadPoolExecutor(4) as pool:
        applied = [name for future in [pool.submit(both) for _ in range(4)] for name in future.result()]

    assert len(set(applied)) == len(applied)
    assert {*names("clickhouse"), "0002_recommendations.sql"} <= set(applied)


@pytest.mark.parametrize("store", ["postgres", "clickhouse"])
def test_a_file_that_changed_after_it_was_applied_is_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch, store: migrate.Store
) -> None:
    schema = f"{world.namespace}_v1"
    with world.connect() as connection:
        migrate_postgres(connection, schema)
        migrate_clickhouse(world.analytics, connection, schema)
        last = committed_migrations(store)[-1]
        changed = Migration(last.number, last.name, last.text + "-- more\n")
        monkeypatch.setattr(migrate, "committed_migrations", lambda _store: [changed])

        with pytest.raises(MigrationError, match=f"{last.name}: expected what was applied"):
            _ = (
                migrate_postgres(connection, schema)
                if store == "postgres"
                else migrate_clickhouse(world.analytics, connection, schema)
            )


def test_a_migration_that_fails_leaves_nothing_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = f"{world.namespace}_v1"
    broken = Migration(1, "0001_broken.sql", "CREATE TABLE {schema}.half (x int);\nCREATE TABLE {schema}.half (x int);\n")
    monkeypatch.setattr(migrate, "committed_migrations", lambda _store: [broken])

    with world.connect() as connection, pytest.raises(Exception, match="already exists"):
        migrate_postgres(connection, schema)

    assert [] == world.rows("SELECT 1 FROM pg_tables WHERE schemaname = %s", (schema,))

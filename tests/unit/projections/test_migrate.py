import re

import pytest

from projections.migrate import Migration, committed_migrations
from projections.views.features import NORMALISED
from schemas.bar_columns import PRICES
from schemas.features import FEATURE_NAMES


@pytest.mark.parametrize("store", ["postgres", "clickhouse"])
def test_files_are_numbered_without_gaps(store: str) -> None:
    numbers = [migration.number for migration in committed_migrations(store)]  # type: ignore[arg-type]

    assert list(range(1, len(numbers) + 1)) == numbers


def test_a_file_that_names_the_schema_is_applied_to_each() -> None:
    assert "read_v2" == Migration(1, "0001_a.sql", "CREATE TABLE {schema}.a (x int);\n").scope("read_v2")
    assert "projections" == Migration(1, "0001_a.sql", "CREATE TABLE projections.a (x int);\n").scope("read_v2")


def test_statements_come_one_by_one_without_comments() -> None:
    text = "-- why; and why\nCREATE TABLE {schema}.a (x int); -- more\n\nCREATE TABLE b (\n  y int  -- one; two\n);\n"

    statements = Migration(1, "0001_a.sql", text).statements("read_v1")

    assert ["CREATE TABLE read_v1.a (x int)", "CREATE TABLE b (\n  y int  \n)"] == statements


def test_a_schema_name_that_is_none_does_not_reach_the_statements() -> None:
    with pytest.raises(ValueError, match="expected a schema name"):
        Migration(1, "0001_a.sql", "CREATE TABLE {schema}.a (x int);").statements("a; DROP TABLE b")


def test_another_text_is_another_checksum() -> None:
    assert Migration(1, "0001_a.sql", "a").checksum != Migration(1, "0001_a.sql", "b").checksum


@pytest.mark.parametrize("migration", committed_migrations("clickhouse"), ids=lambda migration: migration.name)
def test_what_clickhouse_is_told_can_be_told_again(migration: Migration) -> None:
    assert all("IF NOT EXISTS" in statement for statement in migration.statements("read_v1"))


def test_each_feature_has_its_two_columns_in_the_order_of_the_catalogue() -> None:
    [text] = [migration.text for migration in committed_migrations("clickhouse") if "symbol_features" in migration.name]

    doubles = re.findall(r"^    (\w+) +Float64,?$", text, re.MULTILINE)

    assert ["price", "volume", *FEATURE_NAMES, *(NORMALISED + name for name in FEATURE_NAMES)] == doubles


def test_bars_have_a_column_for_each_price() -> None:
    [text] = [migration.text for migration in committed_migrations("clickhouse") if "bars" in migration.name]

    assert list(PRICES) == re.findall(r"^    (\w+) +Float64,$", text, re.MULTILINE)

"""What every adapter of the Analytics port has to do. Subclasses bring the fixture `analytics`; tables are named by `namespace`.

The DDL is old ClickHouse's, so that the suite also runs on servers of years ago.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest


class UnavailableError(Exception):
    """What the adapters under test raise when the outcome is unknown."""


class RejectedError(Exception):
    """What the adapters under test raise when the statement or the data are wrong."""


def create_table(analytics: Any, name: str) -> str:
    analytics.execute(
        f"CREATE TABLE {name} (symbol String, at DateTime('UTC'), price Float64, trades UInt32, day Date DEFAULT toDate(at))"
        " ENGINE = MergeTree(day, (symbol, at), 8192)"
        if analytics.query("SELECT version() AS v")["v"][0].startswith("18.")
        else f"CREATE TABLE {name} (symbol String, at DateTime('UTC'), price Float64, trades UInt32)"
        " ENGINE = MergeTree ORDER BY (symbol, at)"
    )
    return name


def some_rows(count: int) -> dict[str, Any]:
    return {
        "symbol": [f"S{index % 7}" for index in range(count)],
        "at": np.arange(count, dtype=np.int64) + 1_500_000_000,
        "price": np.arange(count, dtype=np.float64) / 3,
        "trades": list(range(count)),
    }


class AnalyticsContract:
    """The suite."""

    @pytest.fixture
    def table(self, analytics: Any, namespace: str) -> Any:
        yield create_table(analytics, namespace)
        analytics.execute(f"DROP TABLE IF EXISTS {namespace}")

    def test_inserted_columns_come_back(self, analytics: Any, table: str) -> None:
        analytics.insert(table, some_rows(1000))

        found = analytics.query(f"SELECT symbol, at, price, trades FROM {table} ORDER BY at")

        expected = {name: list(values) for name, values in some_rows(1000).items()}
        assert expected == found

    def test_times_are_integers_in_both_directions(self, analytics: Any, table: str) -> None:
        analytics.insert(table, {"symbol": ["A"], "at": [1_600_000_001], "price": [1.0], "trades": [1]})

        found = analytics.query(f"SELECT at, toUnixTimestamp(at) AS seconds FROM {table}")

        assert {"at": [1_600_000_001], "seconds": [1_600_000_001]} == found
        assert all(type(value) is int for value in found["at"])

    def test_columns_that_are_not_given_take_their_default(self, analytics: Any, table: str) -> None:
        analytics.insert(table, {"symbol": ["A"], "at": [1_600_000_000]})

        assert {"price": [0.0], "trades": [0]} == analytics.query(f"SELECT price, trades FROM {table}")

    def test_doubles_keep_every_bit(self, analytics: Any, table: str) -> None:
        values = [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.0, math.inf, -math.inf, math.nan]
        analytics.insert(
            table, {"symbol": ["A"] * 7, "at": list(range(7)), "price": np.array(values), "trades": np.zeros(7, dtype=np.int64)}
        )

        found = analytics.query(f"SELECT price FROM {table} ORDER BY at")["price"]

        assert [math.copysign(1, value) for value in values[:6]] == [math.copysign(1, value) for value in found[:6]]
        assert values[:6] == found[:6]
        assert math.isnan(found[6])

    def test_text_of_any_language_comes_back(self, analytics: Any, table: str) -> None:
        texts = ["", "it's", "back\\slash", "tab\tnew\nline", "Zürich 東京 🚀", "{symbol:String}", "%(symbol)s", "%d"]
        analytics.insert(
            table, {"symbol": texts, "at": list(range(len(texts))), "price": [0.0] * len(texts), "trades": [0] * len(texts)}
        )

        assert texts == analytics.query(f"SELECT symbol FROM {table} ORDER BY at")["symbol"]

    @pytest.mark.parametrize("text", ["S1", "it's", "\\", "\\'", "' OR 1 = 1 --", "a\nb\0c", "東京 {x:String}", "50%"])
    def test_text_parameters_are_values_and_never_sql(self, analytics: Any, table: str, text: str) -> None:
        analytics.insert(table, {"symbol": [text, "other"], "at": [1, 2], "price": [1.0, 2.0], "trades": [1, 2]})

        found = analytics.query(f"SELECT symbol, trades FROM {table} WHERE symbol = {{wanted:String}}", {"wanted": text})

        assert {"symbol": [text], "trades": [1]} == found

    def test_lists_and_numbers_are_parameters_too(self, analytics: Any, table: str) -> None:
        analytics.insert(table, some_rows(100))

        found = analytics.query(
            f"SELECT count() AS n FROM {table} WHERE has({{symbols:Array(String)}}, symbol) AND price < {{most:Float64}}"
            " AND trades >= {least:UInt32}",
            {"symbols": ["S1", "S2"], "most": 20.0, "least": 7},
        )

        assert [sum(1 for i in range(7, 60) if i % 7 in {1, 2})] == found["n"]

    def test_a_query_without_rows_names_its_columns(self, analytics: Any, table: str) -> None:
        assert {"symbol": [], "price": []} == analytics.query(f"SELECT symbol, price FROM {table}")

    def test_inserting_nothing_does_nothing(self, analytics: Any, table: str) -> None:
        analytics.insert(table, {"symbol": [], "at": [], "price": [], "trades": []})

        assert [0] == analytics.query(f"SELECT count() AS n FROM {table}")["n"]

    @pytest.mark.parametrize("sql", ["SELECT nonsense", "SELEKT 1", "SELECT * FROM there_is_no_such_table"])
    def test_a_wrong_statement_is_rejected(self, analytics: Any, sql: str) -> None:
        with pytest.raises(RejectedError):
            analytics.query(sql)
        with pytest.raises(RejectedError):
            analytics.execute(sql)

    @pytest.mark.parametrize(
        "columns",
        [
            {"nonsense": [1]},
            {"symbol": ["A"], "at": [1], "price": ["text"], "trades": [1]},
            {"symbol": ["A"], "at": [1], "price": [1.0], "trades": [-1]},
            {"symbol": ["A", "B"], "at": [1], "price": [1.0], "trades": [1]},
        ],
        ids=["unknown column", "text for a number", "negative for unsigned", "columns of unequal length"],
    )
    def test_wrong_data_are_rejected_and_the_client_lives_on(self, analytics: Any, table: str, columns: dict[str, Any]) -> None:
        with pytest.raises(RejectedError):
            analytics.insert(table, columns)

        analytics.insert(table, some_rows(1))
        assert [1] == analytics.query(f"SELECT count() AS n FROM {table}")["n"]

    def test_an_unknown_table_is_rejected(self, analytics: Any) -> None:
        with pytest.raises(RejectedError):
            analytics.insert("there_is_no_such_table", {"symbol": ["A"]})

    @pytest.mark.parametrize("name", ["bars; DROP TABLE bars", "a.b.c", "bars`", ""])
    def test_a_name_that_is_no_name_is_an_error_of_the_caller(self, analytics: Any, name: str) -> None:
        with pytest.raises(ValueError, match="expected a name"):
            analytics.insert(name, {"symbol": ["A"]})

    def test_threads_share_a_client(self, analytics: Any, table: str) -> None:
        def insert_and_read(index: int) -> int:
            analytics.insert(table, {"symbol": [f"T{index}"] * 50, "at": range(50), "price": [1.0] * 50, "trades": [1] * 50})
            return int(analytics.query(f"SELECT count() AS n FROM {table} WHERE symbol = {{s:String}}", {"s": f"T{index}"})["n"][0])

        with ThreadPoolExecutor(8) as pool:
            assert [50] * 24 == list(pool.map(insert_and_read, range(24)))

    def test_a_large_block_arrives_whole(self, analytics: Any, table: str) -> None:
        analytics.insert(table, some_rows(200_000))

        assert {"n": [200_000], "s": [199_999 * 100_000]} == analytics.query(f"SELECT count() AS n, sum(trades) AS s FROM {table}")

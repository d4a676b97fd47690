from decimal import Decimal

import pytest

from infra.clients.clickhouse_sql import bind, datetime64_scale, error_code, identifier, insert_statement, literal


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "NULL"),
        (True, "1"),
        (7, "7"),
        (-0.5, "-0.5"),
        (1e300, "1e+300"),
        (float("nan"), "nan"),
        (Decimal("1.10"), "'1.10'"),
        ("it's", "'it\\'s'"),
        ("a\\b", "'a\\\\b'"),
        ("\\'", "'\\\\\\''"),
        (["a", "b'"], "['a', 'b\\'']"),
        ((1, 2), "[1, 2]"),
        ([], "[]"),
    ],
)
def test_a_value_becomes_its_literal(value: object, expected: str) -> None:
    assert expected == literal(value)


@pytest.mark.parametrize("value", [b"bytes", {"a": 1}, object()])
def test_a_value_without_a_literal_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=f"found {type(value).__name__}"):
        literal(value)


def test_placeholders_become_typed_literals() -> None:
    sql = "SELECT {n:UInt32} FROM t WHERE s IN {list:Array(String)} AND d < {price:Decimal(18, 4)}"

    assert "SELECT CAST(1, 'UInt32') FROM t WHERE s IN CAST(['a'], 'Array(String)') AND d < CAST('1.5', 'Decimal(18, 4)')" == bind(
        sql, {"n": 1, "list": ["a"], "price": Decimal("1.5")}
    )


def test_a_value_that_looks_like_a_placeholder_stays_a_value() -> None:
    assert "SELECT CAST('{b:String}', 'String')" == bind("SELECT {a:String}", {"a": "{b:String}"})


@pytest.mark.parametrize(("scale", "function"), [(3, "Milli"), (6, "Micro"), (9, "Nano")])
def test_integers_for_times_are_ticks(scale: int, function: str) -> None:
    assert f"fromUnixTimestamp64{function}(5)" == bind(f"{{t:DateTime64({scale}, 'UTC')}}", {"t": 5})


def test_a_name_can_be_a_parameter_but_nothing_else_under_its_type() -> None:
    assert "SELECT * FROM `db`.`t`" == bind("SELECT * FROM {table:Identifier}", {"table": "db.t"})
    with pytest.raises(ValueError, match="expected a name"):
        bind("SELECT * FROM {table:Identifier}", {"table": "t; DROP TABLE t"})


def test_a_missing_parameter_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"expected a value for \{b:UInt8\}, found only \['a'\]"):
        bind("SELECT {a:UInt8}, {b:UInt8}", {"a": 1})


def test_an_unused_parameter_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected placeholders for \\['b'\\]"):
        bind("SELECT {a:UInt8}", {"a": 1, "b": 2})


def test_braces_that_are_no_placeholder_stay() -> None:
    assert "SELECT map('a', 1), '{}', {1: 2}" == bind("SELECT map('a', 1), '{}', {1: 2}", {})


def test_statements_name_their_columns() -> None:
    assert "INSERT INTO `db`.`t` (`a`, `b`)" == insert_statement("db.t", ["a", "b"])


@pytest.mark.parametrize("name", ["", "a b", "a.b.c", "a`b", "1a", "a.", "ä"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected a name"):
        identifier(name)


@pytest.mark.parametrize(
    ("type_name", "scale"),
    [("DateTime64(6, 'UTC')", 6), ("Nullable(DateTime64(3))", 3), ("DateTime('UTC')", None), ("Float64", None)],
)
def test_the_scale_of_a_time_type_is_known(type_name: str, scale: int | None) -> None:
    assert scale == datetime64_scale(type_name)


def test_the_code_of_an_error_is_found_in_its_message() -> None:
    assert 60 == error_code("Code: 60. DB::Exception: Table x does not exist. (UNKNOWN_TABLE)")
    assert error_code("something else") is None

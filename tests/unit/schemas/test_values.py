from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.values import (
    MICROS_MAX,
    MICROS_MIN,
    Finite,
    Interval,
    Micros,
    Symbol,
    from_micros,
    interval_us,
    iso,
    parse_time,
    to_micros,
)


@pytest.mark.parametrize(
    ("interval", "expected"), [("1s", 1_000_000), ("5m", 300_000_000), ("1h", 3_600_000_000), ("1d", 86_400_000_000)]
)
def test_an_interval_has_a_length_in_microseconds(interval: str, expected: int) -> None:
    assert expected == interval_us(interval)


@pytest.mark.parametrize("interval", ["", "m", "0m", "1M", "1w", "1.5m", "-1m", "1m ", "10000s", "\u0661m"])
def test_what_is_no_interval_is_refused(interval: str) -> None:
    with pytest.raises(ValueError, match="expected an interval such as"):
        interval_us(interval)
    with pytest.raises(ValidationError):
        TypeAdapter(Interval).validate_python(interval)


@given(micros=st.integers(MICROS_MIN, MICROS_MAX))
def test_a_time_survives_text_to_the_microsecond(micros: int) -> None:
    assert micros == parse_time(iso(micros))
    assert micros == to_micros(from_micros(micros))


def test_text_has_six_decimals_and_four_digits_for_the_year() -> None:
    assert "1970-01-01T00:00:00.000000Z" == iso(0)
    assert "0001-01-01T00:00:00.000000Z" == iso(MICROS_MIN)
    assert "9999-12-31T23:59:59.999999Z" == iso(MICROS_MAX)


@pytest.mark.parametrize("micros", [MICROS_MIN - 1, MICROS_MAX + 1, 2**62])
def test_a_time_that_no_calendar_has_is_refused(micros: int) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Micros).validate_python(micros)


def test_another_zone_is_the_same_time() -> None:
    assert parse_time("2013-09-03T14:30:00Z") == parse_time("2013-09-03T10:30:00-04:00")


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a time with a zone, found the naive 2013-09-03T14:30:00"):
        parse_time("2013-09-03T14:30:00")
    with pytest.raises(ValueError, match="expected a time with a zone"):
        to_micros(datetime(2013, 9, 3, tzinfo=UTC).replace(tzinfo=None))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_are_finite(number: float) -> None:
    with pytest.raises(ValidationError, match="expected a finite number"):
        TypeAdapter(Finite).validate_python(number)


@pytest.mark.parametrize("symbol", ["AAPL", "BRK.B", "ESU13", "A", "0700.HK", "A" * 16])
def test_a_symbol_is_short_and_plain(symbol: str) -> None:
    assert symbol == TypeAdapter(Symbol).validate_python(symbol)


@pytest.mark.parametrize("symbol", ["", "aapl", ".A", "A B", "A" * 17, "AAPL\n", "ÄPFEL"])
def test_another_symbol_is_refused(symbol: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Symbol).validate_python(symbol)

import pytest
from pydantic import ValidationError

from schemas.events.market import BarClosed, Tick
from tests.builders import T0, bar, clock, news, post, split, tick


def test_ticks_that_look_alike_are_told_apart_by_their_place() -> None:
    assert "test/r/1" == tick(sequence=1).identity()
    assert tick(sequence=1).identity() != tick(sequence=2).identity()


@pytest.mark.parametrize(
    "change",
    [
        {"price": 0.0},
        {"price": float("nan")},
        {"size": -1.0},
        {"size": float("inf")},
        {"symbol": "es"},
        {"sequence": -1},
        {"source": ""},
        {"recording": "r" * 201},
        {"misspelt": 1},
    ],
)
def test_a_tick_that_breaks_a_rule_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        tick(**change)


def test_an_event_does_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        tick().price = 2.0  # type: ignore[misc]  # what is tested


@pytest.mark.parametrize(
    "change",
    [{"high": 99.0}, {"low": 101.0}, {"open": 102.5}, {"available_at": T0}, {"vwap": 0.0}, {"trades": -1}],
)
def test_a_bar_that_contradicts_itself_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        bar(**change)


def test_a_bar_of_one_price_is_fine() -> None:
    flat = bar(open=5.0, high=5.0, low=5.0, close=5.0)

    assert isinstance(flat, BarClosed)


def test_a_bar_names_who_states_it() -> None:
    assert "/autotrader/bars" == bar(origin_kind="built").origin()
    assert "/sources/test" == bar(origin_kind="vendor").origin()


@pytest.mark.parametrize("event", [tick(), bar(), split(T0), news(T0), post(T0)], ids=lambda event: event.TYPE)
def test_what_is_about_a_symbol_is_keyed_by_it(event: Tick) -> None:
    assert b"ES" == event.key()


def test_a_clock_is_keyed_by_its_source_and_told_apart_by_time_and_reason() -> None:
    assert b"test" == clock(T0).key()
    assert 3 == len({clock(T0).identity(), clock(T0, reason="ended").identity(), clock(T0 + 1).identity()})


def test_times_are_those_of_the_fact() -> None:
    assert [T0, T0 + 60_000_000, T0, T0, T0] == [
        event.occurred_at() for event in (tick(), bar(), split(T0), news(T0 + 5, published_at=T0), post(T0 + 5, published_at=T0))
    ]

import math

import pytest

from projections.views.recommendation_sql import list_query
from projections.views.recommendations import LIMIT_MAX, RecommendationFilter

NOTHING = {"symbols": (), "action": None, "min_confidence": None, "since": None, "interval": None, "behind": None, "limit": 50}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"symbols": ("ES", "es")}, "expected a symbol, found 'es'"),
        ({"action": "buy"}, "expected one of BUY, SELL, HOLD as action, found 'buy'"),
        ({"min_confidence": 1.1}, "expected a confidence of 0 to 1, found 1.1"),
        ({"min_confidence": math.nan}, "expected a confidence of 0 to 1, found nan"),
        ({"interval": "minute"}, "expected an interval such as 1m, found 'minute'"),
        ({"limit": 0}, "expected a limit of 1 to 500, found 0"),
        ({"limit": LIMIT_MAX + 1}, "expected a limit of 1 to 500, found 501"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RecommendationFilter(**changes)  # type: ignore[arg-type]


def test_without_filters_the_list_has_no_conditions() -> None:
    text, arguments = list_query(**NOTHING)  # type: ignore[arg-type]

    assert "WHERE" not in text
    assert {"limit": 50} == arguments


def test_values_are_arguments_and_never_text() -> None:
    text, arguments = list_query(("AAPL", "MSFT"), "BUY", 0.25, 1_000_000, "1m", (2_000_000, "id"), 7)

    assert not any(value in text for value in ("AAPL", "MSFT", "BUY", "0.25", "'1m'"))
    assert {"symbols", "action", "min_confidence", "since", "interval", "behind_time", "behind_id", "limit"} == set(arguments)
    assert all(f"%({name})s" in text for name in arguments)


def test_each_symbol_is_asked_for_once() -> None:
    _, arguments = list_query(**{**NOTHING, "symbols": ("ES", "AAPL", "ES")})  # type: ignore[arg-type]

    assert ["AAPL", "ES"] == arguments["symbols"]


def test_times_keep_their_microseconds() -> None:
    _, arguments = list_query(**{**NOTHING, "since": 1_700_000_000_123_457})  # type: ignore[arg-type]

    assert 123_457 == arguments["since"].microsecond

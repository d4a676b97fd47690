import pytest

from schemas.values import iso
from tests.builders import MINUTE, T0
from tests.unit.api.building import Client, bar_row


def test_symbols_are_listed_with_their_series(client: Client):
    answer = client.get("/api/v1/symbols").json()

    [one] = answer["data"]
    assert (one["symbol"], one["as_of"], one["series"][0]["first_start"]) == ("AAPL", iso(T0), iso(T0 - 3 * MINUTE))
    assert answer["meta"]["count"] == 1


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("&limit=2", [3, 4]),
        (f"&start={iso(T0 + MINUTE)}&end={iso(T0 + 3 * MINUTE)}", [1, 2]),
        ("&source=another", []),
    ],
)
def test_bars_are_the_newest_of_a_range_oldest_first(client: Client, query, numbers):
    bars = client.get(f"/api/v1/symbols/AAPL/bars?interval=1m{query}").json()["data"]

    assert [bar["start"] for bar in bars] == [iso(bar_row(number).start) for number in numbers]


def test_features_state_what_is_not_known_as_null(client: Client):
    [one] = client.get("/api/v1/symbols/AAPL/features?limit=1").json()["data"]

    assert one["as_of"] == iso(T0 + 4 * MINUTE)
    assert (one["raw"]["rsi_14"], one["raw"]["social_score"]) == (0.25, None)
    assert "timestamp" not in one


@pytest.mark.parametrize("series", ["bars", "features"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("interval=7x", "interval"),
        ("start=2013-09-01T02:00:00", "start"),
        ("start=yesterday", "start"),
        (f"start={iso(T0)}&end={iso(T0)}", "end"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=5&limit=6", "limit"),
        ("window=3", "window"),
    ],
)
def test_a_range_that_cannot_be_meant_is_refused(client: Client, series, query, field):
    answer = client.get(f"/api/v1/symbols/AAPL/{series}?{query}")

    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["error"]["details"]] == [field]


def test_a_symbol_that_is_none_is_refused(client: Client):
    answer = client.get("/api/v1/symbols/aapl;drop/bars")

    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["location"] == "path"

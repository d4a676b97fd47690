import pytest

from schemas.ids import derived_id
from schemas.values import parse_time
from streams.sources.problems import BadRowError
from streams.sources.tables import TableReading, events_of
from streams.sources.times import TimeReading, zone_named

READING = TableReading("vendor", "sha", TimeReading(), symbol="IBM")
OPEN = TableReading("vendor", "sha", TimeReading())
DAY = parse_time("2009-01-05T00:00:00Z")
BAR = {"start": "2009-01-05", "open": "10", "high": "12", "low": "9", "close": "11", "volume": "1000"}
SPLIT = {"symbol": "AAPL", "effective_at": "2005-02-28", "kind": "split", "ratio": "2"}
NEWS = {"published_at": "2009-01-05T12:00:00Z", "headline": "h", "symbols": "IBM", "item_id": "7"}
POST = {"published_at": "2009-01-05T12:00:00Z", "text": "t", "symbols": "IBM"}


def only(kind, row, reading=OPEN):
    [event] = events_of(kind, row, 3, reading)
    return event


def refused(kind, row, reading=OPEN):
    with pytest.raises(BadRowError) as caught:
        events_of(kind, row, 3, reading)
    return caught.value.column, caught.value.reason


@pytest.mark.parametrize("start", ["2009-01-05", "2009-01-05 00:00:00", "2009-01-05T00:00:00Z"])
def test_a_days_bar_lasts_the_utc_day_and_is_available_when_it_ends(start):
    bar = only("bars", {**BAR, "start": start}, READING)

    assert (DAY, DAY + 86_400_000_000, DAY + 86_400_000_000) == (bar.start, bar.end, bar.available_at)
    assert bar.id == derived_id("market.bar", "vendor", "IBM", "1d", DAY, 0)
    assert (bar.origin_kind, bar.revision, bar.vwap, bar.trades) == ("vendor", 0, 11.0, 0)


def test_a_bar_may_become_available_later_and_may_state_vwap_and_trades():
    reading = TableReading("vendor", "sha", TimeReading(), symbol="IBM", interval="1m", delay_us=5)
    bar = only("bars", {**BAR, "start": "2009-01-05T12:00:00Z", "vwap": "10.5", "trades": "7"}, reading)

    assert (bar.available_at - bar.end, bar.vwap, bar.trades) == (5, 10.5, 7)


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"high": "10.5"}, "", "expected low <= open, close <= high, found 10.0, 10.5, 9.0, 11.0"),
        ({"open": "nan"}, "open", "found"),
        ({"close": "0"}, "close", "found"),
        ({"volume": "-1"}, "volume", "found '-1"),
        ({"low": "abc"}, "low", "expected a number, found 'abc'"),
        ({"low": "1_0"}, "low", "expected a number, found '1_0'"),
        ({"low": None}, "low", "expected a number, found nothing"),
        ({"start": "2009-01-05T10:00:00Z"}, "start", "expected the start of a 1d window counted from 1970 in UTC"),
        ({"start": "05.01.2009"}, "start", "expected an ISO 8601 time, found '05.01.2009'"),
    ],
)
def test_a_bad_bar_is_refused_with_its_column_and_reason(change, column, reason):
    found_column, found_reason = refused("bars", {**BAR, **change}, READING)

    assert found_column == column
    assert reason in found_reason


def test_a_minute_bar_needs_a_time_with_a_zone():
    reading = TableReading("vendor", "sha", TimeReading(), symbol="IBM", interval="1m")

    assert "state the zone" in refused("bars", {**BAR, "start": "2009-01-05 12:00:00"}, reading)[1]

    zoned = TableReading("vendor", "sha", TimeReading(zone_named("America/New_York")), symbol="IBM", interval="1m")

    assert only("bars", {**BAR, "start": "2009-01-05 07:00:00"}, zoned).start == parse_time("2009-01-05T12:00:00Z")


@pytest.mark.parametrize(("ratio", "new_for_old"), [("2", 2.0), ("2:1", 2.0), ("1/10", 0.1)])
def test_a_split_takes_effect_on_its_day_and_is_known_from_then_on(ratio, new_for_old):
    action = only("actions", {**SPLIT, "ratio": ratio})

    assert (action.ratio, action.amount, action.effective_at) == (new_for_old, 0.0, parse_time("2005-02-28T00:00:00Z"))
    assert action.available_at == action.effective_at


def test_a_dividend_has_an_amount():
    action = only("actions", {**SPLIT, "kind": "Dividend", "ratio": None, "amount": "0.5", "available_at": "2005-02-01"})

    assert (action.kind, action.ratio, action.amount) == ("dividend", 1.0, 0.5)
    assert action.available_at == parse_time("2005-02-01T00:00:00Z")


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"ratio": "1"}, "ratio"),
        ({"ratio": "0:1"}, "ratio"),
        ({"kind": "merger"}, "kind"),
        ({"kind": "dividend"}, "amount"),
        ({"symbol": None}, "symbol"),
    ],
)
def test_a_bad_action_is_refused(change, column):
    assert refused("actions", {**SPLIT, **change})[0] == column


def test_an_item_about_several_symbols_is_as_many_events():
    events = events_of("news", {**NEWS, "symbols": "IBM; MSFT IBM"}, 3, OPEN)

    assert [event.symbol for event in events] == ["IBM", "MSFT"]
    assert [event.id for event in events] == [derived_id("market.news", "vendor", "7", symbol) for symbol in ("IBM", "MSFT")]


def test_an_item_is_available_when_published_unless_stated_later():
    assert only("news", NEWS).available_at == parse_time(NEWS["published_at"])
    assert only("news", {**NEWS, "available_at": "2009-01-05T12:01:00Z"}).available_at == parse_time("2009-01-05T12:01:00Z")
    assert refused("news", {**NEWS, "available_at": "2009-01-05T11:00:00Z"})[0] == "available_at"


def test_an_item_without_an_id_is_known_by_its_place_in_the_recording():
    assert only("social", POST).item_id == "sha/3"


def test_a_post_has_a_platform_and_a_reach():
    post = only("social", {**POST, "platform": "forum", "reach": "12", "synthetic": "true"})

    assert (post.platform, post.reach, post.synthetic) == ("forum", 12, True)
    assert only("social", POST).platform == "vendor"


@pytest.mark.parametrize(
    ("kind", "change", "column"),
    [
        ("news", {"headline": None}, "headline"),
        ("news", {"headline": "h" * 501}, "headline"),
        ("news", {"symbols": None}, "symbols"),
        ("news", {"symbols": "ibm"}, "symbol"),
        ("news", {"published_at": "2009-01-05"}, "published_at"),
        ("news", {"synthetic": "perhaps"}, "synthetic"),
        ("social", {"text": None}, "text"),
        ("social", {"reach": "-1"}, "reach"),
        ("social", {"reach": "nan"}, ""),
    ],
)
def test_a_bad_item_is_refused(kind, change, column):
    assert refused(kind, {**(NEWS if kind == "news" else POST), **change})[0] == column

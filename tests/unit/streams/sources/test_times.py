from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.values import from_micros, to_micros
from streams.sources.problems import FileRefusedError
from streams.sources.time_columns import read_times
from streams.sources.times import TimeReading, parse_time, zone_named

CHICAGO = TimeReading(ZoneInfo("America/Chicago"))
STATED = TimeReading()
NOON = to_micros(datetime(2013, 9, 1, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    "text", ["2013-09-01 12:00:00Z", "2013-09-01T12:00:00.000000+00:00", " 2013-09-01T14:00:00+02:00 ", "20130901T120000Z"]
)
def test_a_time_with_a_zone_is_what_it_says(text):
    assert parse_time(text, STATED) == NOON
    assert parse_time(text, CHICAGO) == NOON


def test_a_time_without_a_zone_is_refused_unless_one_is_given():
    with pytest.raises(ValueError, match=r"expected a time with a zone, found '2013-09-01 07:00:00': state the zone .* --timezone"):
        parse_time("2013-09-01 07:00:00", STATED)

    assert parse_time("2013-09-01 07:00:00", CHICAGO) == NOON


def test_local_times_that_the_clock_shows_twice_or_never_are_refused():
    with pytest.raises(ValueError, match="the clock shows it twice in America/Chicago"):
        parse_time("2013-11-03 01:30:00", CHICAGO)
    with pytest.raises(ValueError, match="the clock skips it in America/Chicago"):
        parse_time("2013-03-10 02:30:00", CHICAGO)


def test_a_date_is_no_time_but_may_name_a_day_in_utc():
    with pytest.raises(ValueError, match="expected a time of day too"):
        parse_time("2013-09-01", CHICAGO)

    assert (
        parse_time("2013-09-01", CHICAGO, "utc_day") == parse_time(date(2013, 9, 1), STATED, "utc_day") == NOON - 12 * 3600 * 10**6
    )


@pytest.mark.parametrize(
    ("unit", "text"), [("s", "1378036800"), ("s", "1378036800.0"), ("ms", "1378036800000"), ("ns", "1378036800000000000")]
)
def test_numbers_since_the_epoch_are_read_where_the_unit_is_given(unit, text):
    reading = TimeReading(format=f"epoch-{unit}")

    assert parse_time(text, reading) == NOON
    assert read_times(pa.array([text.encode()]), reading).micros.tolist() == [NOON]
    assert read_times(pa.array([int(float(text))]), reading).micros.tolist() == [NOON]


def test_a_format_says_how_other_times_are_written():
    assert parse_time("09/01/2013 07:00", TimeReading(ZoneInfo("America/Chicago"), "%m/%d/%Y %H:%M")) == NOON


@pytest.mark.parametrize("value", ["", None, "yesterday", "2013-13-01T00:00:00Z", "1e400", "2013-09-01 25:00:00Z"])
def test_what_is_no_time_is_refused(value):
    with pytest.raises(ValueError, match="expected"):
        parse_time(value, CHICAGO)


def test_an_unknown_zone_is_refused_with_an_example():
    with pytest.raises(FileRefusedError, match="expected a time zone such as America/Chicago or UTC, found 'Chicago'"):
        zone_named("Chicago")


naive_times = st.integers(-(2**51), 2**52).map(lambda at: from_micros(at).replace(tzinfo=None))
stated_texts = naive_times.flatmap(
    lambda t: st.sampled_from(
        [t.isoformat(), t.isoformat(" ") + "Z", t.isoformat() + "-05:00", f" {t.isoformat()}", str(t.date()), "", "x"]
    )
)


def read_singly(text, reading):
    try:
        return parse_time(text, reading), None
    except ValueError as error:
        return 0, str(error)


@given(st.lists(stated_texts, max_size=60), st.sampled_from([STATED, CHICAGO]))
def test_a_column_is_read_as_each_of_its_times_is(texts, reading):
    column = read_times(pa.array([text.encode() for text in texts], pa.binary()), reading)

    assert [read_singly(text, reading) for text in texts] == [
        (int(micros), column.reasons.get(place)) for place, micros in enumerate(column.micros)
    ]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_typed_columns_are_read_with_their_zone_or_the_given_one(unit):
    local = pa.array([datetime(2013, 9, 1, 7, tzinfo=UTC).replace(tzinfo=None)], pa.timestamp(unit))
    stated = pa.array([datetime(2013, 9, 1, 12, tzinfo=UTC)], pa.timestamp(unit, "UTC"))

    assert read_times(local, CHICAGO).micros.tolist() == read_times(stated, STATED).micros.tolist() == [NOON]
    assert "expected a time with a zone" in read_times(local, STATED).reasons[0]


def test_times_beyond_what_events_can_say_are_refused():
    assert list(read_times(pa.array([2**62, 0], pa.timestamp("s", "UTC")), STATED).reasons) == [0]
    assert list(read_times(pa.array([2**62, 0]), TimeReading(format="epoch-s")).reasons) == [0]
    assert list(read_times(pa.array([0, 2**62]), TimeReading(format="epoch-ns")).reasons) == []

import numpy as np
import pyarrow as pa
import pytest

from schemas.events.market import Tick
from schemas.headers import required_headers
from schemas.partitioner import partition_of
from streams.sources.blocks import RowBlock
from streams.sources.problems import BadRow
from streams.sources.ticks import TickReading, TickRenderer, read_ticks
from streams.sources.times import TimeReading, zone_named
from tests.builders import codec
from tests.unit.streams.sources.blocks import text_block

READING = TickReading(TimeReading(), symbol="ES")
TIME = "2013-09-01T12:00:00Z"


def read(reading=READING, **columns):
    rows = len(next(iter(columns.values())))
    given = {"event_time": [TIME] * rows, "price": ["1"] * rows, "size": ["1"] * rows, **columns}
    return read_ticks(text_block(**given), reading)


def reasons(bad):
    return [(row.line, row.column, row.reason) for row in bad]


def test_good_rows_come_through_and_bad_ones_are_told_with_line_column_and_reason():
    ticks, bad = read(price=["1640.25", "nan", "0", "-1", "inf", "x", "", " 1640.5 ", "1e3"])

    assert ticks.price.tolist() == [1640.25, 1640.5, 1000.0]
    assert ticks.sequence.tolist() == [0, 7, 8]
    assert reasons(bad) == [
        (line, "price", f"expected a finite price above 0, found {found}")
        for line, found in [(3, "'nan'"), (4, "'0'"), (5, "'-1'"), (6, "'inf'"), (7, "'x'"), (8, "''")]
    ]


def test_a_size_may_be_zero_and_not_negative():
    ticks, bad = read(size=["0", "-1", "NaN"])

    assert ticks.size.tolist() == [0.0]
    assert [row.line for row in bad] == [3, 4]


def test_a_naive_time_is_refused_without_a_zone():
    ticks, bad = read(event_time=["2013-09-01 12:00:00", TIME])

    assert ticks.sequence.tolist() == [1]
    assert bad[0].column == "event_time"
    assert "--timezone" in bad[0].reason


def test_a_naive_time_is_read_in_the_zone_given():
    reading = TickReading(TimeReading(zone_named("America/Chicago")), symbol="ES")
    ticks, bad = read(reading, event_time=["2013-09-01 07:00:00.083", TIME])

    assert not bad
    assert np.diff(ticks.event_time).tolist() == [-83_000]


@pytest.mark.parametrize("symbol", ["", "es", "A B", "ABCDEFGHIJKLMNOPQ", "ÄB"])
def test_a_bad_symbol_is_refused(symbol):
    ticks, bad = read(symbol=["ES", symbol])

    assert ticks.sequence.tolist() == [0]
    assert bad[0].column == "symbol"


def test_only_the_first_reason_of_a_row_is_told():
    _, bad = read(event_time=["?"], price=["?"], size=["?"])

    assert [row.column for row in bad] == ["event_time"]


def test_empty_lines_are_no_rows_and_count_as_lines():
    ticks, bad = read(event_time=["", TIME], price=["", "0"], size=["", "1"])

    assert ticks.sequence.tolist() == []
    assert [row.line for row in bad] == [3]


@pytest.mark.parametrize(
    ("conditions", "eligible"),
    [("", True), ("@", True), ("@ T", False), ("@TI", False), ("T;F", False), ("REGULAR", True), ("W", False)],
)
def test_conditions_that_do_not_set_the_last_price_make_a_trade_count_in_volume_only(conditions, eligible):
    ticks, _ = read(conditions=[conditions])

    assert ticks.eligible.tolist() == [eligible]
    assert ticks.labels == (("ES", conditions),)


def test_the_conditions_that_count_in_volume_only_can_be_named():
    reading = TickReading(TimeReading(), symbol="ES", volume_only=frozenset({"BLOCK"}))
    ticks, _ = read(reading, conditions=["BLOCK", "T"])

    assert ticks.eligible.tolist() == [False, True]


def test_a_stated_eligibility_wins_over_conditions():
    ticks, bad = read(conditions=["T", "T", ""], price_eligible=["true", "no", "maybe"])

    assert ticks.eligible.tolist() == [True, False]
    assert reasons(bad) == [(4, "price_eligible", "expected true or false, found 'maybe'")]


def test_typed_columns_are_checked_as_text_is():
    columns = {
        "event_time": pa.array([1, 2, 3], pa.timestamp("us", "UTC")),
        "price": pa.array([1.5, float("nan"), None]),
        "size": pa.array([1, 2, 3]),
        "price_eligible": pa.array([False, True, True]),
    }
    ticks, bad = read_ticks(RowBlock(np.arange(3), columns, 1), READING)

    assert ticks.price.tolist() == [1.5]
    assert ticks.eligible.tolist() == [False]
    assert [row.line for row in bad] == [2, 3]


def test_rows_of_another_shape_are_told_too():
    block = text_block(event_time=[TIME], price=["1"], size=["1"])
    block.malformed.append(BadRow(9, "", "expected 3 columns, found 2"))

    assert [row.line for row in read_ticks(block, READING)[1]] == [9]


def test_a_record_is_the_tick_that_the_row_says():
    ticks, _ = read(symbol=["ES", "NQ", "ES"], price=["1", "2", "3"], conditions=["", "T", ""])
    events = [
        Tick(
            event_time=int(ticks.event_time[row]),
            price=row + 1,
            size=1,
            price_eligible=conditions == "",
            sequence=row,
            symbol=symbol,
            source="s",
            recording="r",
            conditions=conditions,
        )
        for row, (symbol, conditions) in enumerate([("ES", ""), ("NQ", "T"), ("ES", "")])
    ]
    records = list(TickRenderer(codec().schema_id(Tick.TYPE), "s", "r", 4).records(ticks))

    assert [
        (
            codec().encode(event),
            event.key(),
            partition_of(event.key(), 4),
            required_headers(event.TYPE, event.identity(), event.origin()),
        )
        for event in events
    ] == [(value, key, partition, list(headers)) for value, key, partition, headers in records]

"""The rules of bars, one by one."""

from dataclasses import replace

import pytest

from schemas.headers import cloud_event_headers
from schemas.topics import BARS, DEAD_LETTERS
from streams.bars.settings import BarsSettings
from tests.builders import MINUTE, SECOND, clock, record, tick
from tests.unit.streams.bars.harness import CODEC, MINUTES, Driver, at, bars, codes


def test_a_bar_closes_when_the_watermark_is_past_its_end_by_the_allowed_lateness():
    driver = Driver()

    assert driver.give(tick(event_time=at(5)), tick(event_time=at(62) - 1)) == []
    assert len(bars(driver.give(tick(event_time=at(62))))) == 1


def test_a_bar_tells_prices_by_time_and_sequence_and_sums_of_its_trades():
    outputs = Driver().give(
        tick(event_time=at(20), price=103.0, size=2.0, sequence=7),
        tick(event_time=at(10), price=101.0, size=1.0, sequence=6),
        tick(event_time=at(10), price=104.0, size=1.0, sequence=5),
        tick(event_time=at(20), price=99.0, size=4.0, sequence=8),
        clock(at(62)),
    )

    (bar,) = bars(outputs)
    assert (bar.open, bar.high, bar.low, bar.close) == (104.0, 104.0, 99.0, 99.0)
    assert (bar.volume, bar.trades, bar.vwap) == (8.0, 4, (206.0 + 101.0 + 104.0 + 396.0) / 8)
    assert (bar.start, bar.end, bar.available_at) == (at(0), at(60), at(62))
    assert bar.inputs == ("test/r/5", "test/r/8")


def test_a_bar_is_written_to_the_bars_topic_under_its_symbol_with_its_headers():
    (output,) = Driver().give(tick(), clock(at(62)))

    assert (output.topic, output.key, output.partition) == (BARS, b"ES", None)
    assert output.headers == cloud_event_headers(bars([output])[0])


def test_an_empty_minute_gives_no_bar():
    outputs = Driver().give(tick(event_time=at(0)), tick(event_time=at(300)), tick(event_time=at(362)))

    assert [bar.start for bar in bars(outputs)] == [at(0), at(300)]


def test_bars_that_close_together_come_by_length_and_then_by_start():
    driver = Driver(replace(MINUTES, intervals=("5m", "1m"), lateness_us=5 * MINUTE))

    outputs = driver.give(tick(event_time=at(0)), tick(event_time=at(70)), clock(at(1000)))

    assert [(bar.interval, bar.start) for bar in bars(outputs)] == [("1m", at(0)), ("1m", at(60)), ("5m", at(0))]


def test_bars_come_in_the_order_of_the_records_that_close_them():
    outputs = Driver().give(
        tick(symbol="ZZ"), tick(symbol="AA"), tick(symbol="ZZ", event_time=at(62)), tick(symbol="AA", event_time=at(62))
    )

    assert [bar.symbol for bar in bars(outputs)] == ["ZZ", "AA"]


def test_sources_of_the_same_symbol_have_bars_of_their_own():
    driver = Driver()
    driver.give(tick(source="a", price=1.0), tick(source="b", price=2.0))

    assert [(bar.source, bar.close) for bar in bars(driver.give(clock(at(62), source="b")))] == [("b", 2.0)]


# -- clocks -------------------------------------------------------------------------------------------------------------


def test_a_clock_closes_the_bars_of_all_symbols_of_its_source():
    outputs = Driver().give(tick(symbol="NQ"), tick(symbol="ES"), tick(symbol="ES", source="other"), clock(at(62)))

    assert [(bar.symbol, bar.source) for bar in bars(outputs)] == [("ES", "test"), ("NQ", "test")]


def test_a_clock_that_names_symbols_speaks_for_those_only():
    outputs = Driver().give(tick(symbol="NQ"), tick(symbol="ES"), clock(at(62), symbols=("NQ",)))

    assert [bar.symbol for bar in bars(outputs)] == ["NQ"]


def test_a_symbol_that_is_first_seen_after_a_clock_is_as_far_as_its_source():
    outputs = Driver().give(clock(at(62)), tick(event_time=at(10)))

    assert [(bar.start, bar.revision) for bar in bars(outputs)] == [(at(0), 0)]


def test_a_clock_never_goes_back():
    driver = Driver()
    driver.give(clock(at(100)), clock(at(50)))

    assert len(bars(driver.give(tick(event_time=at(10))))) == 1


def test_only_a_source_that_has_ended_may_tell_the_future():
    early = (at(0) - MINUTES.max_future_us) // 1000

    outputs = Driver().give(
        tick(), record(clock(at(62)), 0, timestamp=early), record(clock(at(62), reason="ended"), 0, timestamp=early)
    )

    assert (codes(outputs), len(bars(outputs))) == (["future"], 1)


# -- trades that are not eligible for price -----------------------------------------------------------------------------


def test_an_ineligible_trade_counts_in_the_volume_only():
    (bar,) = bars(Driver().give(tick(price=100.0), tick(price=900.0, size=5.0, price_eligible=False), clock(at(62))))

    assert (bar.high, bar.close, bar.vwap, bar.volume, bar.trades) == (100.0, 100.0, 100.0, 6.0, 1)


def test_a_window_of_ineligible_trades_carries_the_last_price_before_it():
    driver = Driver()
    driver.give(tick(price=100.0), tick(event_time=at(10), price=105.0), tick(event_time=at(70), price=900.0, price_eligible=False))

    bar = bars(driver.give(tick(event_time=at(130), price=110.0), clock(at(190))))[0]

    assert (bar.start, bar.open, bar.low, bar.high, bar.close, bar.vwap) == (at(60), 105.0, 105.0, 105.0, 105.0, 105.0)
    assert (bar.trades, bar.volume, bar.inputs) == (0, 1.0, ())


def test_a_window_without_any_price_so_far_gives_no_bar_until_a_late_tick_brings_one():
    driver = Driver()

    assert driver.give(tick(price_eligible=False, size=3.0), clock(at(62))) == []
    assert driver.fold.counts.unpriced_windows == 1
    assert [(bar.revision, bar.volume, bar.trades) for bar in bars(driver.give(tick(size=1.0)))] == [(0, 4.0, 1)]


def test_a_late_ineligible_trade_carries_the_price_before_its_own_window_not_the_newest():
    driver = Driver()
    driver.give(tick(event_time=at(0), price=100.0), tick(event_time=at(120), price=200.0), clock(at(190)))

    (bar,) = bars(driver.give(tick(event_time=at(60), price=900.0, price_eligible=False)))

    assert (bar.start, bar.close, bar.revision) == (at(60), 100.0, 0)


def test_the_price_of_trades_without_size_is_the_close():
    (bar,) = bars(Driver().give(tick(price=100.0, size=0.0), tick(price=102.0, size=0.0, sequence=1), clock(at(62))))

    assert (bar.volume, bar.vwap, bar.trades) == (0.0, 102.0, 2)


# -- late ticks ---------------------------------------------------------------------------------------------------------


def test_a_late_tick_corrects_the_closed_bar_by_one_revision():
    driver = Driver()
    driver.give(tick(event_time=at(30), price=100.0, sequence=3), clock(at(62)))

    first, second = bars(
        driver.give(tick(event_time=at(20), price=90.0, sequence=2), tick(event_time=at(40), price=95.0, sequence=4))
    )

    assert (first.revision, first.open, first.close, first.volume) == (1, 90.0, 100.0, 2.0)
    assert (second.revision, second.open, second.close, second.volume) == (2, 90.0, 95.0, 3.0)
    assert first.id != second.id


def test_of_trades_at_the_same_time_and_sequence_the_first_to_arrive_opens_and_the_last_closes():
    driver = Driver()

    on_time = bars(driver.give(*(tick(price=price) for price in (101.0, 102.0, 103.0)), clock(at(62))))
    late = bars(driver.give(tick(price=104.0)))

    assert [(bar.open, bar.close) for bar in on_time + late] == [(101.0, 103.0), (101.0, 104.0)]


def test_a_tick_that_is_late_for_the_minute_still_counts_in_the_open_hour():
    driver = Driver(replace(MINUTES, intervals=("1m", "1h")))
    driver.give(tick(event_time=at(30)), tick(event_time=at(200)))

    assert [(bar.interval, bar.revision) for bar in bars(driver.give(tick(event_time=at(40))))] == [("1m", 1)]
    assert [(bar.interval, bar.volume) for bar in bars(driver.give(clock(at(3602))))] == [("1m", 1.0), ("1h", 3.0)]


def test_ticks_that_look_alike_count_each():
    (bar,) = bars(Driver().give(tick(), tick(), tick(), clock(at(62))))

    assert (bar.trades, bar.volume) == (3, 3.0)


def test_a_tick_behind_the_kept_window_is_a_dead_letter_and_no_interval_counts_it():
    driver = Driver(replace(MINUTES, intervals=("1m", "1d")))
    driver.give(tick(event_time=at(0)), tick(event_time=at(1000)))

    outputs = driver.give(tick(event_time=at(400) - 1), tick(event_time=at(400)))

    assert (codes(outputs), [bar.start for bar in bars(outputs)]) == (["too_late"], [at(360)])
    assert bars(driver.give(clock(at(200_000))))[-1].volume == 3.0


# -- what others read off the fold --------------------------------------------------------------------------------------


def test_the_watermark_is_the_most_advanced_one():
    driver = Driver()
    assert driver.fold.watermark() is None

    driver.give(tick(event_time=at(9), symbol="NQ"), tick(event_time=at(5)), clock(at(7), source="other"))

    assert driver.fold.watermark() == at(9)


def test_it_counts_what_it_does():
    driver = Driver()
    driver.give(tick(), clock(at(62)), tick(), tick(event_time=at(-900)), record(tick(), 0, key=b"XX"))

    counts = driver.fold.counts
    assert (counts.ticks, counts.clocks, counts.bars, counts.revisions, counts.late_ticks) == (2, 1, 2, 1, 1)
    assert counts.dead_letters == {"too_late": 1, "bad_value": 1}


def test_it_has_outputs_until_they_are_drained():
    driver = Driver()
    driver.apply([record(tick(), 0), record(clock(at(62)), 1)])
    assert driver.fold.has_outputs()

    driver.commit()

    assert not driver.fold.has_outputs()


def test_no_records_change_nothing():
    assert Driver().give() == []


def test_a_dead_letter_names_the_place_of_its_record_and_stands_in_the_order_of_arrival():
    outputs = Driver().give(tick(), record(tick(), 0, key=None), clock(at(62)), record(tick(), 0, value=b"junk"))

    assert [output.topic for output in outputs] == [DEAD_LETTERS, BARS, DEAD_LETTERS]
    assert [CODEC.decode(outputs[place].value).offset for place in (0, 2)] == [1, 3]


@pytest.mark.parametrize(
    "changes",
    [
        {"intervals": ()},
        {"intervals": ("1m", "60s")},
        {"lateness_us": -1},
        {"lateness_us": 2 * SECOND, "kept_window_us": SECOND},
        {"max_record_bytes": 0},
        {"intervals": ("1s",), "lateness_us": 3600 * SECOND},
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes):
    with pytest.raises(ValueError, match="expected"):
        BarsSettings(**changes)

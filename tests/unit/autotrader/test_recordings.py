import itertools

import numpy as np
import pytest

from autotrader import recordings
from autotrader.recordings import KNOWN_SPLITS, RecordingError, daily_recording, recorded_ticks
from schemas.values import iso


@pytest.fixture(scope="module")
def daily():
    return daily_recording()


def test_five_stocks_of_the_years_2000_to_2013_are_recorded(daily):
    by_symbol = {symbol: [bar for bar in daily.bars if bar.symbol == symbol] for symbol in {bar.symbol for bar in daily.bars}}

    assert {symbol: len(bars) for symbol, bars in by_symbol.items()} == {
        "AAPL": 3270,
        "FB": 196,
        "GOOG": 2148,
        "IBM": 3270,
        "MSFT": 3270,
    }
    assert {iso(bars[-1].start)[:10] for bars in by_symbol.values()} == {"2013-03-01"}
    assert all(a.start < b.start for bars in by_symbol.values() for a, b in itertools.pairwise(bars))


def test_the_splits_are_those_that_the_adjusted_closes_say(daily):
    assert {(split.symbol, iso(split.effective_at)[:10]): split.ratio for split in daily.splits} == KNOWN_SPLITS


def test_no_split_is_a_crash_once_it_is_known(daily):
    for split in daily.splits:
        bars = [bar for bar in daily.bars if bar.symbol == split.symbol]
        at = next(place for place, bar in enumerate(bars) if bar.start == split.effective_at)

        assert 0.4 < bars[at].close / bars[at - 1].close < 0.6
        assert 0.8 < bars[at].close * split.ratio / bars[at - 1].close < 1.2


def test_a_split_that_is_not_known_is_an_error(monkeypatch):
    monkeypatch.setattr(recordings, "KNOWN_SPLITS", {})
    with pytest.raises(RecordingError, match=r"expected the splits \{\}, found"):
        daily_recording()


def test_half_a_million_trades_begin_with_the_session_of_their_exchange():
    ticks = recorded_ticks()
    read = list(ticks.parse())
    times = np.concatenate([rows.event_time for rows, _ in read])

    assert (len(times), sum(len(bad) for _, bad in read)) == (500_000, 0)
    assert bool(np.all(np.diff(times) >= 0))
    assert iso(int(times[0])) == "2013-09-01T22:00:00.083000Z"
    assert {label for rows, _ in read for label in rows.labels} == {("ES", "")}


def test_a_recording_that_is_not_installed_is_named():
    with pytest.raises(RecordingError, match=r"expected x\.csv of the package no_such_package, found none"):
        recordings._installed("no_such_package", "x.csv")

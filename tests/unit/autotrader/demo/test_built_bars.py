from collections import defaultdict
from math import fsum

import numpy as np
import pytest

from autotrader.demo.built_bars import build_bars
from autotrader.demo.training import columns_of, minute_history
from streams.bars.settings import BarsSettings
from streams.sources.ticks import TickRows
from tests.builders import MINUTE, SECOND, T0, codec
from tests.unit.autotrader.demo.recorded import Recorded

CODEC = codec()
LATENESS = 2 * SECOND
HOUR = 60 * MINUTE


def rows(times, prices, sizes=None):
    times = np.array(times, np.int64)
    sizes = np.ones(len(times)) if sizes is None else np.array(sizes, float)
    label_of = np.zeros(len(times), np.int64)
    return TickRows(
        np.arange(len(times)), times, np.array(prices, float), sizes, np.ones(len(times), bool), (("FUT", ""),), label_of
    )


def random_rows(seed, count=5_000):
    rng = np.random.default_rng(seed)
    times = T0 + np.sort(rng.integers(0, 90 * MINUTE, count))
    return rows(times, 100 + rng.integers(-20, 20, count) / 4, rng.integers(1, 9, count))


def built(blocks, until=T0 + 100 * MINUTE, **changes):
    settings = BarsSettings(intervals=("1m",), lateness_us=LATENESS)
    return build_bars(blocks, CODEC, settings, **{"source": "s", "recording": "r", "until": until, **changes})


def by_hand(given):
    """Aggregate minute by minute, with exact sums."""
    minutes = defaultdict(list)
    for time, price, size in zip(given.event_time.tolist(), given.price.tolist(), given.size.tolist(), strict=True):
        minutes[time // MINUTE * MINUTE].append((price, size))
    return {
        start: (
            trades[0][0],
            max(price for price, _ in trades),
            min(price for price, _ in trades),
            trades[-1][0],
            fsum(size for _, size in trades),
            fsum(price * size for price, size in trades) / fsum(size for _, size in trades),
            len(trades),
        )
        for start, trades in minutes.items()
    }


def test_bars_equal_an_aggregation_by_hand():
    given = random_rows(1)
    found = {bar.start: (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vwap, bar.trades) for bar in built([given])}
    expected = by_hand(given)

    assert found.keys() == expected.keys()
    for start, bar in found.items():
        assert bar == pytest.approx(expected[start], rel=1e-12)


def test_how_a_recording_is_cut_into_blocks_changes_no_bit():
    given = random_rows(2)
    cut = [given.part(slice(at, at + 700)) for at in range(0, 5_000, 700)]

    assert built([given]) == built(cut)


def test_what_a_recording_does_not_close_is_no_bar():
    given = rows([T0, T0 + MINUTE], [100, 101])

    assert [bar.start for bar in built([given], until=T0 + MINUTE + LATENESS)] == [T0]


def test_a_recording_with_a_tick_that_no_bar_counts_is_refused():
    given = rows([T0, T0 + 3 * HOUR, T0], [100, 101, 102])

    with pytest.raises(ValueError, match="too_late"):
        built([given], until=T0 + 4 * HOUR)


def test_minutes_to_train_on_end_with_the_first_session():
    first = random_rows(3)
    later = rows([T0 + 5 * HOUR, T0 + 5 * HOUR + 1], [500, 500])
    recording = Recorded(
        "s", "r", "FUT", lambda: iter([(first.part(slice(0, 2_000)), []), (first.part(slice(2_000, None)), []), (later, [])])
    )

    found = minute_history(recording, CODEC, LATENESS)

    assert {bar.start for bar in found} == by_hand(first).keys()
    assert max(bar.high for bar in found) < 500


def test_columns_hold_each_symbol_in_the_order_of_time():
    bars = built([random_rows(4)])
    columns = columns_of(list(reversed(bars)))["FUT"]

    assert columns.end.dtype == np.int64
    assert columns.end.tolist() == [bar.end for bar in bars]
    assert columns.close.tolist() == [bar.close for bar in bars]

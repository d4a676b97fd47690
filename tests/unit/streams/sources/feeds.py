"""Feeds of made-up trades, cut into blocks as a file would be."""

import numpy as np

from schemas.events.market import Tick
from streams.sources.problems import BadRow
from streams.sources.tick_feed import TickFeed, scan_ticks
from streams.sources.ticks import TickRows
from tests.builders import codec


def rows(times, first_row=0, symbols=("ES",)):
    count = len(times)
    return TickRows(
        np.arange(first_row, first_row + count),
        np.array(times, np.int64),
        np.ones(count),
        np.ones(count),
        np.ones(count, np.bool_),
        tuple((symbol, "") for symbol in symbols),
        np.arange(count) % len(symbols),
    )


def tick_feed(times, block=4, bad=0, **changes):
    def parse():
        for start in range(0, len(times), block):
            left_out = [BadRow(line, "price", "?") for line in range(bad)] if start == 0 else []
            yield rows(times[start : start + block], start), left_out

    return TickFeed(
        **{
            "source": "test",
            "recording": "r" * 64,
            "parse": parse,
            "scan": scan_ticks(parse),
            "schema_id": codec().schema_id(Tick.TYPE),
            **changes,
        }
    )

"""The same history gives the same bits: alone or together, in one go or stored and read back in between."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.features.engine import FeatureBlock, FeatureEngine
from tests.unit.models.series import at, joined, run, same_bits, walk

BARS = 130


def observe(engine, symbol, row, available_at):
    """Fold news every 7th and a post every 5th bar."""
    if row % 7 == 3:
        engine.observe_news(symbol, available_at - 500, ((row * 37) % 19 - 9) / 9)
    if row % 5 == 1:
        engine.observe_social(symbol, available_at - 900, ((row * 11) % 13 - 6) / 6, row * 10)


def alone(bars, symbol):
    engine = FeatureEngine()
    slots = np.array([engine.slot((symbol, "1m"))])
    blocks = []
    for row in range(len(bars.close)):
        observe(engine, symbol, row, int(bars.available_at[row]))
        blocks.append(engine.update(slots, at(bars, row)))
    return blocks


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 40), st.integers(0, 10_000), st.data())
def test_a_series_alone_gives_the_bits_it_gives_among_others(series, seed, data):
    every = [walk(BARS, seed=seed + one, price=10.0 ** (one % 5 - 1)) for one in range(series)]
    order = data.draw(st.permutations(range(series)))
    engine = FeatureEngine()
    slots = np.array([engine.slot((f"S{one}", "1m")) for one in range(series)])
    together = []
    for row in range(BARS):
        for one in range(series):
            observe(engine, f"S{one}", row, int(every[one].available_at[row]))
        together.append(engine.update(slots[list(order)], joined([at(every[one], row) for one in order])))
    chosen = data.draw(st.integers(0, series - 1))
    place = order.index(chosen)

    for expected, block in zip(alone(every[chosen], f"S{chosen}"), together, strict=True):
        row = slice(place, place + 1)
        assert same_bits(expected, FeatureBlock(block.raw[row], block.normalised[row], block.bars_seen[row]))


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, BARS - 1), max_size=6), st.integers(0, 10_000))
def test_a_series_dumped_and_loaded_elsewhere_goes_on_with_the_same_bits(handovers, seed):
    bars = walk(BARS, seed=seed)
    engine = FeatureEngine()
    slot = engine.slot(("S", "1m"))
    blocks = []
    for row in range(BARS):
        if row in handovers:
            series, symbol = engine.dump(slot), engine.dump_symbol("S")
            engine = FeatureEngine()
            run(engine, walk(9, seed=seed + 1), "OTHER")
            slot = engine.load(("S", "1m"), series)
            engine.load_symbol("S", symbol)
        observe(engine, "S", row, int(bars.available_at[row]))
        blocks.append(engine.update(np.array([slot]), at(bars, row)))

    for expected, found in zip(alone(bars, "S"), blocks, strict=True):
        assert same_bits(expected, found)


def test_a_dump_of_what_was_loaded_is_the_same_bytes():
    engine = FeatureEngine()
    run(engine, walk(90))
    engine.observe_news("S", 10, 0.5)
    other = FeatureEngine()
    other.load(("S", "1m"), engine.dump(0))
    other.load_symbol("S", engine.dump_symbol("S"))

    assert engine.dump(0) == other.dump(0)
    assert engine.dump_symbol("S") == other.dump_symbol("S")
    assert len(engine.dump(0)) <= 3_000

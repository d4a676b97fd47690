import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.events.market import Tick
from schemas.tick_columns import decode_tick_columns
from schemas.tick_encoding import TickEncoder
from tests.builders import codec
from tests.strategies import ticks

SCHEMA_ID = codec().schema_id(Tick.TYPE)


def rendered(given_ticks, source, recording):
    encoder = TickEncoder(SCHEMA_ID, source, recording)
    return encoder.encode(
        np.array([tick.event_time for tick in given_ticks], np.int64),
        np.array([tick.price for tick in given_ticks], np.float64),
        np.array([tick.size for tick in given_ticks], np.float64),
        np.array([tick.price_eligible for tick in given_ticks], np.bool_),
        np.array([tick.sequence for tick in given_ticks], np.int64),
        [encoder.tail(tick.symbol, tick.conditions) for tick in given_ticks],
    )


@given(st.lists(ticks, max_size=30))
def test_every_tick_has_the_bytes_that_the_codec_gives(made_up):
    one_recording = [tick.model_copy(update={"source": "s" * 70, "recording": "r" * 64}) for tick in made_up]
    encoder = codec()

    assert [encoder.encode(tick) for tick in one_recording] == rendered(one_recording, "s" * 70, "r" * 64)


@given(ticks)
def test_any_source_and_recording_is_rendered_as_the_codec_does(tick):
    assert [codec().encode(tick)] == rendered([tick], tick.source, tick.recording)


def test_what_is_rendered_is_read_back_by_columns():
    values = rendered(
        [Tick(event_time=t, price=2.5, size=0, sequence=t, symbol="ES", source="s", recording="r") for t in range(300)], "s", "r"
    )
    columns = decode_tick_columns(values, SCHEMA_ID)

    assert list(range(300)) == columns.sequence[columns.plain].tolist() or not columns.plain.all()


def test_no_ticks_are_no_bytes():
    assert rendered([], "s", "r") == []

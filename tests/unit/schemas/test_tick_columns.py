import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Codec, CodecError
from schemas.events.market import Tick
from schemas.registry import committed_catalogue
from schemas.tick_columns import decode_tick_columns, sortable_time, time_of_tick
from tests import strategies
from tests.builders import clock, tick

CODEC = Codec(committed_catalogue())
TICK_ID = CODEC.schema_id(Tick.TYPE)


def changed(encoded: bytes, at: int, octet: int) -> bytes:
    return encoded[: at % len(encoded)] + bytes([octet]) + encoded[at % len(encoded) + 1 :]


encoded_ticks = strategies.ticks.map(CODEC.encode)
odd: st.SearchStrategy[bytes] = st.one_of(
    st.binary(max_size=60),
    st.builds(changed, encoded_ticks, st.integers(0, 60), st.integers(0, 255)),
    st.builds(lambda encoded, end: encoded[: end % len(encoded)], encoded_ticks, st.integers(0, 80)),
    st.builds(lambda encoded, more: encoded + more, encoded_ticks, st.binary(max_size=3)),
    strategies.clocks.map(CODEC.encode),
)


@given(values=st.lists(st.one_of(encoded_ticks, odd), max_size=12))
def test_columns_say_what_the_codec_says(values: list[bytes]) -> None:
    columns = decode_tick_columns(values, TICK_ID)

    for at, value in enumerate(values):
        if not columns.plain[at]:
            continue
        try:
            record = CODEC.decode_record(value)[1]
        except CodecError:
            continue  # the strings are broken: whoever reads them sees it
        expected = (record["event_time"], record["price_eligible"], record["sequence"])
        assert expected == (columns.event_time[at], columns.eligible[at], columns.sequence[at])
        expected_bits = np.array([record["price"], record["size"]]).tobytes()
        assert expected_bits == np.array([columns.price[at], columns.size[at]]).tobytes()
        assert value[columns.strings_at[at] :].startswith(bytes([len(record["symbol"]) * 2]) + record["symbol"].encode())


@given(
    ticks=st.lists(st.builds(tick, event_time=st.integers(281_474_976_710_656, 36_028_797_018_963_967)), max_size=5),
    sequence=strategies.counts,
)
def test_ticks_of_our_time_are_plain(ticks: list[Tick], sequence: int) -> None:
    ticks = [made.model_copy(update={"sequence": sequence}) for made in ticks]

    columns = decode_tick_columns([CODEC.encode(made) for made in ticks], TICK_ID)

    assert columns.plain.all()
    assert [made.event_time for made in ticks] == columns.event_time.tolist()


def assert_not_plain(value: bytes) -> None:
    columns = decode_tick_columns([CODEC.encode(tick()), value, CODEC.encode(tick())], TICK_ID)

    assert [True, False, True] == columns.plain.tolist()


def test_records_that_are_no_plain_tick_are_left_to_the_decoder() -> None:
    encoded = CODEC.encode(tick())

    assert_not_plain(b"")
    assert_not_plain(b"\xff" * 60)
    assert_not_plain(encoded[:31])
    assert_not_plain(CODEC.encode(clock(0)))
    assert_not_plain(CODEC.encode(tick(event_time=0)))
    assert_not_plain(changed(encoded, 0, 1))
    assert_not_plain(changed(encoded, 4, 2))


def test_a_truth_value_that_is_neither_0_nor_1_is_left_to_the_decoder() -> None:
    assert_not_plain(changed(CODEC.encode(tick()), 29, 2))


def test_a_sequence_that_runs_into_the_next_record_is_left_to_the_decoder() -> None:
    cut = CODEC.encode(tick(sequence=2**40))[:35]

    assert_not_plain(cut + b"\x80")


def test_no_records_give_empty_columns() -> None:
    assert 0 == len(decode_tick_columns([], TICK_ID).plain)


@given(st.integers(2**48, 2**54), st.integers(2**48, 2**54))
def test_times_of_encoded_ticks_sort_like_their_times(one: int, other: int) -> None:
    first = CODEC.encode(tick(event_time=one))

    assert sortable_time(one) == time_of_tick(first)
    assert (one < other) == (sortable_time(one) < sortable_time(other))

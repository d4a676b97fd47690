"""Bars and features as columns: they say what the codec says, or nothing."""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.avro_columns import NO_SCHEMA_ID, layout_id
from schemas.bar_columns import ORIGIN_KINDS, PRICES, BarColumns, bar_columns_of, decode_bar_columns
from schemas.codec import Codec, CodecError
from schemas.events.market import BarClosed
from schemas.events.signals import FeaturesComputed
from schemas.feature_columns import FeatureColumns, decode_feature_columns, feature_columns_of
from schemas.features import FEATURE_NAMES
from schemas.registry import Catalogue, SchemaVersion, committed_catalogue
from schemas.samples import samples
from tests import strategies
from tests.builders import bar, clock

CODEC = Codec(committed_catalogue())
BAR_ID, FEATURES_ID = CODEC.schema_id(BarClosed.TYPE), CODEC.schema_id(FeaturesComputed.TYPE)
encoded_bars = strategies.bars().map(CODEC.encode)
encoded_features = strategies.features.map(CODEC.encode)


def bits(values: Any) -> list[bytes]:
    return [struct.pack("<d", value) for value in values]


def broken(encoded: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    def changed(value: bytes, at: int, octet: int) -> bytes:
        return value[: at % len(value)] + bytes([octet]) + value[at % len(value) + 1 :]

    return st.one_of(
        encoded,
        st.binary(max_size=60),
        st.builds(changed, encoded, st.integers(0, 400), st.integers(0, 255)),
        st.builds(lambda value, end: value[: end % len(value)], encoded, st.integers(0, 400)),
        st.builds(lambda value, more: value + more, encoded, st.binary(min_size=1, max_size=3)),
        strategies.clocks.map(CODEC.encode),
    )


def bar_row(columns: BarColumns, at: int) -> dict[str, Any]:
    row = {name: getattr(columns, name)[at] for name in ("id", "symbol", "interval", "source")}
    row |= {name: int(getattr(columns, name)[at]) for name in ("start", "end", "trades", "revision", "available_at")}
    row |= dict(zip(PRICES, bits(columns.prices[at]), strict=True))
    return row | {"origin_kind": ORIGIN_KINDS[columns.origin_kind[at]]}


def bar_fields(record: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in record.items() if name != "inputs"}
    return fields | {name: struct.pack("<d", record[name]) for name in PRICES}


def features_row(columns: FeatureColumns, at: int) -> dict[str, Any]:
    row = {name: getattr(columns, name)[at] for name in ("id", "symbol", "interval", "bar_id", "source", "feature_set")}
    row |= {name: int(getattr(columns, name)[at]) for name in ("start", "as_of", "available_at", "bars_seen")}
    row |= {name: struct.pack("<d", getattr(columns, name)[at]) for name in ("price", "volume")}
    row |= {name: list(getattr(columns, name)[at]) for name in ("missing", "inputs")}
    row |= {name: bits(getattr(columns, name)[at]) for name in ("raw", "normalised")}
    return row | {"synthetic": bool(columns.synthetic[at])}


def features_fields(record: dict[str, Any]) -> dict[str, Any]:
    fields = dict(record) | {name: struct.pack("<d", record[name]) for name in ("price", "volume")}
    return fields | {name: bits(record[name].values()) for name in ("raw", "normalised")}


def assert_agree(values: list[bytes], columns: Any, row: Callable[[Any, int], Any], fields: Callable[[Any], Any]) -> None:
    for at, value in enumerate(values):
        if columns.plain[at]:
            assert fields(CODEC.decode_record(value)[1]) == row(columns, at)


@given(values=st.lists(broken(encoded_bars), max_size=8))
def test_bar_columns_say_what_the_codec_says(values: list[bytes]) -> None:
    assert_agree(values, decode_bar_columns(values, BAR_ID), bar_row, bar_fields)


@given(values=st.lists(broken(encoded_features), max_size=6))
def test_feature_columns_say_what_the_codec_says(values: list[bytes]) -> None:
    assert_agree(values, decode_feature_columns(values, FEATURES_ID), features_row, features_fields)


@given(bars=st.lists(strategies.bars(), max_size=5))
def test_bars_with_two_inputs_are_plain(bars: list[BarClosed]) -> None:
    bars = [one.model_copy(update={"inputs": one.inputs[:2]}) for one in bars]

    assert decode_bar_columns([CODEC.encode(one) for one in bars], BAR_ID).plain.all()


@given(events=st.lists(strategies.features, max_size=5))
def test_features_with_a_few_inputs_are_plain(events: list[FeaturesComputed]) -> None:
    assert decode_feature_columns([CODEC.encode(event) for event in events], FEATURES_ID).plain.all()


def test_an_array_that_is_longer_than_read_is_not_plain() -> None:
    columns = decode_bar_columns([CODEC.encode(bar(inputs=("a", "b", "c"))), CODEC.encode(bar())], BAR_ID)

    assert [False, True] == columns.plain.tolist()


def test_another_event_and_nothing_at_all_are_not_plain() -> None:
    columns = decode_bar_columns([CODEC.encode(clock(at=1)), b"", CODEC.encode(bar())], BAR_ID)

    assert [False, False, True] == columns.plain.tolist()


def test_text_that_is_no_utf8_is_not_plain() -> None:
    whole = CODEC.encode(bar(source="test"))

    columns = decode_bar_columns([whole.replace(b"\x08test", b"\x08te\xff\xfe"), whole], BAR_ID)

    assert [False, True] == columns.plain.tolist()
    assert ["", "test"] == columns.source


def test_a_whole_chunk_of_the_same_text_that_is_no_utf8_is_not_plain() -> None:
    broken_source = CODEC.encode(bar(source="test")).replace(b"\x08test", b"\x08te\xff\xfe")

    assert not decode_bar_columns([broken_source] * 3, BAR_ID).plain.any()


def test_a_whole_chunk_of_the_same_text_beyond_ascii_is_read() -> None:
    assert ["Börse"] * 3 == decode_bar_columns([CODEC.encode(bar(source="Börse"))] * 3, BAR_ID).source


@given(bars=st.lists(strategies.bars(), max_size=4))
def test_bars_decoded_one_by_one_make_the_same_columns(bars: list[BarClosed]) -> None:
    bars = [one.model_copy(update={"inputs": ()}) for one in bars]
    expected = decode_bar_columns([CODEC.encode(one) for one in bars], BAR_ID)

    columns = bar_columns_of(bars)

    assert [bar_row(expected, at) for at in range(len(bars))] == [bar_row(columns, at) for at in range(len(bars))]


@given(events=st.lists(strategies.features, max_size=4))
def test_features_decoded_one_by_one_make_the_same_columns(events: list[FeaturesComputed]) -> None:
    expected = decode_feature_columns([CODEC.encode(event) for event in events], FEATURES_ID)

    columns = feature_columns_of(events)

    assert [features_row(expected, at) for at in range(len(events))] == [features_row(columns, at) for at in range(len(events))]


def test_vectors_have_a_column_for_each_feature() -> None:
    [event] = [one for one in samples() if isinstance(one, FeaturesComputed)]

    columns = decode_feature_columns([CODEC.encode(event)], FEATURES_ID)

    assert (1, len(FEATURE_NAMES)) == columns.raw.shape == columns.normalised.shape
    assert bits(event.raw.model_dump().values()) == bits(columns.raw[0])


def test_a_layout_is_used_as_long_as_it_is_the_current_version() -> None:
    assert BAR_ID == layout_id(CODEC.catalogue, BarClosed.TYPE, 1)


def test_a_layout_of_another_version_makes_nothing_plain() -> None:
    unknown = layout_id(CODEC.catalogue, BarClosed.TYPE, 2)

    assert NO_SCHEMA_ID == unknown
    assert not decode_bar_columns([CODEC.encode(bar())], unknown).plain.any()


def test_ids_of_a_registry_are_followed() -> None:
    moved = Catalogue(tuple(SchemaVersion(v.id + 40, v.type, v.version, v.schema) for v in CODEC.catalogue.versions))

    encoded = Codec(moved).encode(bar())

    assert decode_bar_columns([encoded], layout_id(moved, BarClosed.TYPE, 1)).plain.all()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_chunks_of_any_size_decode(count: int) -> None:
    columns = decode_bar_columns([CODEC.encode(bar())] * count, BAR_ID)

    assert count == len(columns.plain) == len(columns.id)
    assert np.array_equal(columns.plain, np.ones(count, bool))


@given(value=broken(encoded_bars))
def test_what_the_codec_refuses_is_not_plain(value: bytes) -> None:
    try:
        event_type, _ = CODEC.decode_record(value)
    except CodecError:
        event_type = "none"

    assert decode_bar_columns([value], BAR_ID).plain[0] <= (event_type == BarClosed.TYPE)


def test_a_bar_with_an_input_that_is_no_text_is_left_to_the_decoder() -> None:
    encoded = CODEC.encode(bar(inputs=("first", "last")))
    values = [encoded, encoded.replace(b"first", b"fir\xfft"), CODEC.encode(bar(inputs=("Zürich",)))]

    assert [True, False, True] == decode_bar_columns(values, BAR_ID).plain.tolist()

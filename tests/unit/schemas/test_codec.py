import contextlib
import io
import struct
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import Codec, CodecError, InvalidEventError, UndecodableError, UnknownSchemaError
from schemas.events.base import Event
from schemas.events.market import Tick
from schemas.plain import plain
from schemas.registry import EVENTS, committed_catalogue
from schemas.samples import samples
from tests import strategies
from tests.builders import tick

CATALOGUE = committed_catalogue()
CODEC = Codec(CATALOGUE)
SCHEMA_IDS = st.integers(0, len(CATALOGUE.versions) + 1)


@pytest.mark.parametrize("event_type", EVENTS, ids=lambda event: event.TYPE)
@settings(max_examples=30)
@given(data=st.data())
def test_every_event_comes_back_as_it_was(event_type: type[Event], data: st.DataObject) -> None:
    event = data.draw(strategies.EVENTS[event_type])

    back = CODEC.decode(CODEC.encode(event))

    assert type(back) is event_type
    assert plain(event.model_dump()) == plain(back.model_dump())  # plain: NaN is itself


@pytest.mark.parametrize("event", samples(), ids=lambda event: event.TYPE)
def test_an_ordinary_avro_reader_understands_what_is_written(event: Event) -> None:
    encoded = CODEC.encode(event)
    schema_id = struct.unpack(">I", encoded[1:5])[0]

    record: Any = fastavro.schemaless_reader(io.BytesIO(encoded[5:]), dict(CATALOGUE.by_id[schema_id].schema), None)

    assert set(record) == set(type(event).model_fields)


def test_the_prefix_is_a_zero_byte_and_the_schema_id_big_endian() -> None:
    renumbered = Codec(
        CATALOGUE.with_ids({(version.type, version.version): version.id + 0x0A0B0C00 for version in CATALOGUE.versions})
    )

    assert b"\x00\x0a\x0b\x0c" == renumbered.encode(tick())[:4]
    assert renumbered.schema_id("market.tick") == int.from_bytes(renumbered.encode(tick())[1:5])


def test_times_stay_integers() -> None:
    _, record = CODEC.decode_record(CODEC.encode(tick(event_time=1_378_000_800_000_001)))

    assert 1_378_000_800_000_001 == record["event_time"]


@given(schema_id=SCHEMA_IDS, body=st.binary(max_size=400))
def test_arbitrary_bytes_raise_nothing_but_codec_errors(schema_id: int, body: bytes) -> None:
    for data in (body, struct.pack(">bI", 0, schema_id) + body):
        with contextlib.suppress(CodecError):
            CODEC.decode(data)


@settings(max_examples=60)
@given(event=st.one_of(*strategies.EVENTS.values()), data=st.data())
def test_damaged_records_raise_nothing_but_codec_errors(event: Event, data: st.DataObject) -> None:
    damaged = bytearray(CODEC.encode(event))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(CodecError):
        CODEC.decode(bytes(damaged))


@settings(max_examples=60)
@given(event=st.one_of(*strategies.EVENTS.values()), data=st.data())
def test_a_record_that_is_cut_short_is_undecodable(event: Event, data: st.DataObject) -> None:
    encoded = CODEC.encode(event)

    with pytest.raises(CodecError):
        CODEC.decode(encoded[: data.draw(st.integers(0, len(encoded) - 1))])


@settings(max_examples=60)
@given(event=st.one_of(*strategies.EVENTS.values()), more=st.binary(min_size=1, max_size=8))
def test_bytes_after_the_record_are_refused(event: Event, more: bytes) -> None:
    with pytest.raises(UndecodableError, match=r"expected .* bytes for a .*, found"):
        CODEC.decode(CODEC.encode(event) + more)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "expected at least 5 bytes, found none"),
        (b"\x00\x00\x00\x00", "expected at least 5 bytes, found 4"),
        (b"{\x00\x00\x00\x01\x02", "expected the leading byte 0x00, found 0x7b"),
    ],
)
def test_what_is_not_framed_as_ours_is_undecodable(data: bytes | None, message: str) -> None:
    with pytest.raises(UndecodableError, match=message):
        CODEC.decode_record(data)


def test_an_id_that_is_not_in_the_catalogue_is_an_unknown_schema() -> None:
    with pytest.raises(UnknownSchemaError, match=r"expected one of the schema ids 1 to \d+, found 77"):
        CODEC.decode(b"\x00\x00\x00\x00\x4d" + b"body")


@pytest.mark.parametrize(
    ("field", "value"), [("price", float("nan")), ("price", -1.0), ("size", float("inf")), ("event_time", 2**61), ("symbol", "es")]
)
def test_a_value_that_breaks_a_rule_is_named(field: str, value: object) -> None:
    broken = {**tick().model_dump(), field: value}

    with pytest.raises(InvalidEventError, match=f"market.tick, {field}: .*, found {value}"):
        CODEC.decode(CODEC.encode_record(Tick.TYPE, broken))

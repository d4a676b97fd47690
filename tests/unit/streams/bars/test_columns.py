"""What is no valid tick is refused with the reason, and changes nothing."""

import pytest

from schemas.values import MICROS_MIN
from streams.bars import columns
from streams.bars.columns import AMOUNT_MAX, ChunkReader
from streams.bars.groups import Groups, Names
from streams.bars.settings import BarsSettings
from tests.builders import Record, bar, clock, record, tick
from tests.unit.streams.bars.harness import CODEC, at

SETTINGS = BarsSettings(max_record_bytes=300)
APPENDED_MS = at(0) // 1000
LATEST = at(0) + SETTINGS.max_future_us
VALUE = CODEC.encode(tick())


def reader(settings: BarsSettings = SETTINGS) -> ChunkReader:
    return ChunkReader(CODEC, settings, Groups(), Names())


def invalid(**changes: object) -> Record:
    """A tick that could not have been built, on the wire all the same."""
    return Record(b"ES", CODEC.encode(tick().model_copy(update=changes)), 0, timestamp=APPENDED_MS)


def raw(value: bytes | None, key: bytes | None = b"ES") -> Record:
    return Record(key, value, 0, timestamp=APPENDED_MS)


@pytest.mark.parametrize(
    ("refused", "code", "message"),
    [
        (raw(None), "undecodable", "found none"),
        (raw(b""), "undecodable", "found 0"),
        (raw(b"{json}"), "undecodable", "expected the leading byte 0x00"),
        (raw(VALUE[:-1]), "undecodable", "EOFError"),
        (raw(VALUE + b"\x00"), "undecodable", f"found {len(VALUE) + 1}"),
        (raw(VALUE[:5]), "undecodable", "market.tick"),
        (raw(VALUE[:34]), "undecodable", "market.tick"),
        (raw(b"\x00\x00\x00\xff\xff" + VALUE[5:]), "unknown_schema", "found 65535"),
        (raw(VALUE + bytes(300)), "oversize", "expected at most 300 bytes"),
        (raw(VALUE, key=b"NQ"), "bad_value", "expected the symbol 'ES' as key, found b'NQ'"),
        (raw(VALUE, key=None), "bad_value", "found None"),
        (record(bar(), 0), "bad_value", "expected market.tick or market.clock, found market.bar"),
        (invalid(price=float("nan")), "bad_value", "price"),
        (invalid(price=float("inf")), "bad_value", "price"),
        (invalid(price=0.0), "bad_value", "price"),
        (invalid(price=-1.0), "bad_value", "price"),
        (invalid(size=float("nan")), "bad_value", "size"),
        (invalid(size=-1.0), "bad_value", "size"),
        (invalid(price=2 * AMOUNT_MAX), "bad_value", "price and size up to"),
        (invalid(sequence=-1), "bad_value", "sequence"),
        (invalid(symbol="lower"), "bad_value", "symbol"),
        (invalid(source=""), "bad_value", "source"),
        (invalid(event_time=MICROS_MIN), "bad_value", "event time of at least"),
        (invalid(event_time=LATEST + 1), "future", "at most 300 s ahead of the record's append time, found 300.000001 s"),
        (Record(b"test", CODEC.encode(clock(LATEST + 1)), 0, timestamp=APPENDED_MS), "future", "found 300.000001 s"),
    ],
)
def test_a_bad_record_is_refused_with_its_code_and_the_ticks_around_it_are_read(refused, code, message):
    good = record(tick(), 0)

    reading = reader().read([good, refused, good])

    (refusal,) = reading.refusals
    assert (refusal.position, refusal.code) == (1, code)
    assert message in refusal.message
    assert reading.ticks.position.tolist() == [0, 2]
    assert reading.clocks == []


def test_a_tick_at_the_edge_of_the_future_is_read():
    assert len(reader().read([invalid(event_time=LATEST)]).ticks) == 1


def test_a_bad_tick_that_is_the_first_of_its_symbol_does_not_spoil_the_next_one():
    reading = reader().read([invalid(price=-1.0), record(tick(), 0)])

    assert (reading.ticks.position.tolist(), len(reading.refusals)) == ([1], 1)


def test_ticks_become_columns():
    groups, recordings = Groups(), Names()
    first = tick(event_time=at(1), price=10.5, size=2.0, sequence=300, symbol="NQ", recording="a")
    second = tick(event_time=at(2), price=11.5, size=0.0, sequence=0, price_eligible=False, recording="b", conditions="@T")

    ticks = ChunkReader(CODEC, SETTINGS, groups, recordings).read([record(first, 0), record(second, 1)]).ticks

    assert (ticks.event_time.tolist(), ticks.sequence.tolist()) == ([at(1), at(2)], [300, 0])
    assert (ticks.price.tolist(), ticks.size.tolist(), ticks.eligible.tolist()) == ([10.5, 11.5], [2.0, 0.0], [True, False])
    assert [groups.symbols[number] for number in ticks.group.tolist()] == ["NQ", "ES"]
    assert [recordings.names[number] for number in ticks.recording.tolist()] == ["a", "b"]


def test_a_tick_older_than_the_fast_path_knows_is_read_in_the_ordinary_way():
    early = tick(event_time=-86_400_000_000, sequence=9, price_eligible=False)

    ticks = reader().read([record(tick(), 0), record(early, 1)]).ticks

    assert (ticks.event_time.tolist(), ticks.sequence.tolist()) == ([at(0), -86_400_000_000], [0, 9])
    assert ticks.eligible.tolist() == [True, False]
    assert ticks.group.tolist() == [0, 0]


def test_more_tails_than_are_remembered_are_read_all_the_same(monkeypatch):
    monkeypatch.setattr(columns, "_TAILS_MAX", 2)
    a_reader = reader()

    for chunk in range(4):
        ticks = a_reader.read([record(tick(conditions=str(chunk + place)), place) for place in range(70)]).ticks
        assert ticks.group.tolist() == [0] * 70

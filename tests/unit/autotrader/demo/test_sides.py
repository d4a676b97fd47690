from autotrader.demo.sides import SideFeed, entry_time
from schemas.codec import Codec
from schemas.events.market import ClockAdvanced
from schemas.partitioner import partition_of
from schemas.topics import NEWS
from tests.builders import T0, clock, codec, news

CODEC: Codec = codec()
ENTRIES = [news(T0, symbol="AAPL"), clock(T0 + 5, symbols=("AAPL",)), news(T0 + 9, symbol="IBM")]


def feed(**changes):
    return SideFeed("s", "r", NEWS, CODEC, **{"entries": ENTRIES, **changes})


def records(given, partitions=4):
    (block,) = given.blocks(partitions)
    return block.records(0, len(block.times))


def test_an_event_goes_to_the_partition_of_its_key_and_a_clock_to_every_one():
    found = [(type(CODEC.decode(value)).__name__, partition) for value, _, partition, _ in records(feed())]

    assert found == [
        ("NewsPublished", partition_of(b"AAPL", 4)),
        *[("ClockAdvanced", partition) for partition in range(4)],
        ("NewsPublished", partition_of(b"IBM", 4)),
    ]


def test_clocks_name_the_symbols_that_they_speak_for():
    clocks = [event for value, *_ in records(feed()) if isinstance(event := CODEC.decode(value), ClockAdvanced)]

    assert {event.symbols for event in clocks} == {("AAPL",)}


def test_a_part_of_the_entries_can_be_rendered():
    (block,) = feed().blocks(4)

    assert len(block.records(1, 2)) == 4


def test_entries_are_ordered_by_availability_and_clocks_by_what_they_state():
    assert [entry_time(entry) for entry in ENTRIES] == [T0, T0 + 5, T0 + 9]


def test_it_is_told_to_its_end_only_where_nothing_follows():
    assert feed().extent.told_until == T0 + 9
    assert feed(is_last=False).extent.told_until is None


def test_without_entries_there_is_nothing_to_write():
    assert list(feed(entries=[]).blocks(4)) == []
    assert feed(entries=[]).extent.events == 0

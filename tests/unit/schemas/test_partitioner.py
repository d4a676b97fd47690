import pytest
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import given
from hypothesis import strategies as st

from schemas.partitioner import murmur2, partition_of

JAVA = [
    # org.apache.kafka.common.utils.UtilsTest.testMurmur2
    (b"21", -973932308),
    (b"foobar", -790332482),
    (b"a-little-bit-long-string", -985981536),
    (b"a-little-bit-longer-string", -1486304829),
    (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
    (b"abc", 479470107),
]
LIBRDKAFKA = [
    # unittest_murmur2 in rdmurmur2.c; the prefix of each key is cut off to try unaligned data
    (b"kafka", 0xD067CF64),
    (b"giberish123456789", 0x8F552B0C),
    (b"1234", 0x9FC97B14),
    (b"234", 0xE7C009CA),
    (b"34", 0x873930DA),
    (b"4", 0x5A4B5CA1),
    (b"", 0x106E08D9),
]


@pytest.mark.parametrize(("key", "expected"), JAVA)
def test_the_hash_is_that_of_the_java_client(key: bytes, expected: int) -> None:
    assert expected & 0xFFFFFFFF == murmur2(key)


@pytest.mark.parametrize(("key", "expected"), LIBRDKAFKA)
def test_the_hash_is_that_of_librdkafka(key: bytes, expected: int) -> None:
    assert expected == murmur2(key)


@pytest.mark.parametrize(("key", "expected"), JAVA)
def test_the_partition_drops_the_sign_as_java_does(key: bytes, expected: int) -> None:
    assert (expected & 0x7FFFFFFF) % 7 == partition_of(key, 7)


def test_one_symbol_is_in_the_same_partition_number_of_every_topic() -> None:
    assert [partition_of(b"AAPL", 4)] * 3 == [partition_of(b"AAPL", 4) for _ in range(3)]
    assert {0, 1, 2, 3} == {partition_of(f"S{number}".encode(), 4) for number in range(50)}


@given(key=st.binary(max_size=70))
def test_the_hash_is_that_of_aiokafka(key: bytes) -> None:
    assert aiokafka_murmur2(key) & 0xFFFFFFFF == murmur2(key)

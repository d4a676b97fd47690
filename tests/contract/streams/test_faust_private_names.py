"""What the chunk transport uses of Faust beyond its public face: an upgrade that changes any of it fails here, loudly."""

import inspect
from importlib.metadata import version

import pytest
from faust.streams import Stream
from faust.transport.consumer import Consumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.transport.chunk_consumer import PRIVATE_NAMES, ChunkConsumer, ChunkConsumerThread


def test_the_pinned_versions_are_the_ones_that_were_read() -> None:
    assert "0.15.3" == version("faust-streaming")
    assert "0.14.0" == version("aiokafka")


@pytest.mark.parametrize("name", PRIVATE_NAMES["consumer methods"])
def test_the_consumer_still_has_the_method(name: str) -> None:
    assert callable(getattr(driver.Consumer, name))


@pytest.mark.parametrize("name", PRIVATE_NAMES["consumer attributes"])
def test_the_consumer_still_has_the_attribute(name: str) -> None:
    source = inspect.getsource(Consumer) + inspect.getsource(inspect.getmodule(Consumer.__mro__[1]))

    assert name in source


@pytest.mark.parametrize("name", PRIVATE_NAMES["thread methods"])
def test_the_thread_still_has_the_method(name: str) -> None:
    assert callable(getattr(driver.AIOKafkaConsumerThread, name))


def test_what_is_overridden_has_the_parents_parameters() -> None:
    for ours, theirs, names in (
        (ChunkConsumer, driver.Consumer, ("_drain_messages", "_new_offset", "on_partitions_revoked", "_new_consumer_thread")),
        (ChunkConsumerThread, driver.AIOKafkaConsumerThread, ("_create_worker_consumer",)),
    ):
        for name in names:
            expected = list(inspect.signature(getattr(theirs, name)).parameters)
            assert expected == list(inspect.signature(getattr(ours, name)).parameters), name


def test_the_commit_loop_still_asks_new_offset_and_the_drain_loop_is_still_the_only_reader() -> None:
    assert "_new_offset" in inspect.getsource(Consumer._filter_committable_offsets)
    assert "_drain_messages" in inspect.getsource(inspect.getmodule(Consumer).Fetcher)


def test_acknowledging_still_fills_the_index_that_new_offset_reads() -> None:
    source = inspect.getsource(Consumer.ack)

    assert "_acked_index" in source
    assert "_acked" in source


def test_a_seek_on_assignment_still_goes_through_seek_to_committed() -> None:
    assert "seek_to_committed" in inspect.getsource(Consumer.perform_seek)


def test_streams_still_hand_out_events_with_their_message() -> None:
    assert inspect.isasyncgenfunction(Stream.events)
    assert {"topic", "partition"} <= set(TP._fields)

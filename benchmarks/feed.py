"""Ticks for benchmarks: many symbols, evenly spread over event time, with the headers that the product gives them."""

from collections.abc import Iterator
from random import Random

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from schemas.codec import Codec
from schemas.events.market import Tick
from schemas.headers import Headers, required_headers
from schemas.registry import committed_catalogue
from schemas.topics import TOPICS

PARTITIONS = 4
T0 = 1_378_000_800_000_000


def producer(bootstrap: str, linger_ms: int = 20) -> Producer:
    """Return a producer with the product's settings; batches wait for company for a while."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "linger.ms": linger_ms,
            "compression.type": "lz4",
            "partitioner": "murmur2_random",
            "enable.idempotence": True,
            "queue.buffering.max.messages": 500_000,
        }
    )


def create_topics(bootstrap: str, *names: str) -> None:
    """Create topics of the catalogue (all without names) with the benchmark's partitions."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    specs = [TOPICS[name] for name in names or TOPICS]
    new = [NewTopic(spec.name, PARTITIONS, 1, config=dict(spec.config)) for spec in specs]
    for created in admin.create_topics(new).values():
        created.result()


def ticks(count: int, symbols: int, per_symbol_and_minute: int, seed: int = 7) -> Iterator[tuple[bytes, bytes, Headers]]:
    """Yield key, value and headers of ticks in event-time order: every symbol trades in turn, prices walk at random."""
    codec, random = Codec(committed_catalogue()), Random(seed)
    names = [f"S{number:03d}" for number in range(symbols)]
    prices = [100.0 + number for number in range(symbols)]
    step_us = 60_000_000 // (per_symbol_and_minute * symbols)
    for number in range(count):
        at = number % symbols
        prices[at] = max(1.0, prices[at] + random.choice((-0.05, 0.0, 0.05)))
        tick = {
            "event_time": T0 + number * step_us,
            "price": prices[at],
            "size": float(random.randrange(1, 500)),
            "price_eligible": True,
            "sequence": number,
            "symbol": names[at],
            "source": "bench",
            "recording": "bench-7",
            "conditions": "",
        }
        headers = required_headers(Tick.TYPE, f"bench/bench-7/{number}", "/sources/bench")
        yield names[at].encode(), codec.encode_record(Tick.TYPE, tick), headers


def produce_all(bootstrap: str, topic: str, records: Iterator[tuple[bytes, bytes, Headers]]) -> None:
    """Write records as fast as the broker takes them."""
    out = producer(bootstrap)
    for key, value, headers in records:
        while True:
            try:
                out.produce(topic, value=value, key=key, headers=headers)
                break
            except BufferError:
                out.poll(0.1)
        out.poll(0)
    out.flush()

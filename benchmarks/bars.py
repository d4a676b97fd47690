"""Ticks to bars of all intervals and features, exactly once, in one worker process of the product."""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

from benchmarks.feed import PARTITIONS, T0, create_topics, produce_all, producer, ticks
from benchmarks.harness import Measured, bench_stack, repeat, say
from benchmarks.worker import Watched, streams_worker
from schemas.codec import Codec
from schemas.events.market import ClockAdvanced
from schemas.headers import cloud_event_headers
from schemas.registry import committed_catalogue
from schemas.topics import ACTIONS, BARS, FEATURES, NEWS, SOCIAL, TICKS

UNITS = {"ticks_per_s": "ticks/s", "rss_mb": "MB", "bars": "records", "features": "records"}
TICKS_OF_A_RUN = 1_500_000
SYMBOLS = 500
PER_MINUTE = 60
FAR_AHEAD_US = 10 * 365 * 86_400_000_000
_QUIET_S = 2.0
_TIMEOUT_S = 180.0
_SLOWEST_PER_S = 20_000
"""A run with more ticks may take longer by so much."""


def run(runs: int, cache_dir: Path, *, count: int = TICKS_OF_A_RUN, symbols: int = SYMBOLS) -> dict[str, Measured]:
    """Measure ``runs`` times, each on a stack of its own, so that every run starts from nothing."""
    return repeat(runs, UNITS, lambda _: _once(cache_dir, count, symbols))


def _once(cache_dir: Path, count: int, symbols: int) -> Mapping[str, float]:
    with bench_stack(cache_dir, ("kafka",)) as endpoints, tempfile.TemporaryDirectory() as folder:
        create_topics(endpoints.kafka)
        say(f"writing {count:,} ticks of {symbols} symbols")
        produce_all(endpoints.kafka, TICKS, ticks(count, symbols, PER_MINUTE))
        tell_side_inputs(endpoints.kafka, T0 + FAR_AHEAD_US)
        log = Path(folder) / "worker.log"
        with streams_worker(Path(folder), endpoints.kafka, ("bars", "features"), {}, log) as worker:
            _until_quiet(endpoints.kafka, worker, log, _TIMEOUT_S + count / _SLOWEST_PER_S)
            rss_mb = worker.rss_peak_mb
        return {**_rate(endpoints.kafka, count, symbols), "rss_mb": rss_mb}


def tell_side_inputs(bootstrap: str, at: int) -> None:
    """State that no actions, news or posts follow up to a time, as their sources would."""
    codec, out = Codec(committed_catalogue()), producer(bootstrap)
    clock = ClockAdvanced(source="bench", at=at, reason="heartbeat")
    for topic in (ACTIONS, NEWS, SOCIAL):
        for partition in range(PARTITIONS):
            out.produce(topic, value=codec.encode(clock), key=clock.key(), partition=partition, headers=cloud_event_headers(clock))
    out.flush()


def _until_quiet(bootstrap: str, worker: Watched, log: Path, timeout_s: float) -> None:
    """Wait until outputs came and then none for some seconds."""
    probe = Consumer({"bootstrap.servers": bootstrap, "group.id": "probe"})
    deadline, ends, changed_at = time.monotonic() + timeout_s, 0, time.monotonic()
    while time.monotonic() < deadline:
        if worker.process.poll() is not None:
            raise RuntimeError(
                f"expected the worker to go on, found exit code {worker.process.returncode}: {log.read_text()[-800:]}"
            )
        now = sum(probe.get_watermark_offsets(TopicPartition(t, p))[1] for t in (BARS, FEATURES) for p in range(PARTITIONS))
        if now != ends:
            ends, changed_at = now, time.monotonic()
        elif ends and time.monotonic() - changed_at > _QUIET_S:
            probe.close()
            return
        time.sleep(0.2)
    raise TimeoutError(f"expected the worker to be done within {timeout_s:.0f} s: {log.read_text()[-800:]}")


def _rate(bootstrap: str, count: int, symbols: int) -> Mapping[str, float]:
    """Compute the rate from the append times that the broker gave the outputs: from the first bar to the last bar or feature.

    The ticks up to the first bar's availability were folded before the clock started, and do not count.
    """
    codec, first_at, last_at, first_bar, seen = Codec(committed_catalogue()), 2**62, 0, 2**62, {BARS: 0, FEATURES: 0}
    reader = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "rate", "isolation.level": "read_committed", "enable.partition.eof": True}
    )
    reader.assign([TopicPartition(topic, partition, 0) for topic in (BARS, FEATURES) for partition in range(PARTITIONS)])
    ended = 0
    while ended < 2 * PARTITIONS:
        for message in reader.consume(5000, 1.0):
            if message.error():
                ended += 1
                continue
            seen[message.topic()] += 1
            at = message.timestamp()[1]
            last_at = max(last_at, at)
            if message.topic() == BARS and at <= first_at:
                first_at = at
                first_bar = min(first_bar, codec.decode_record(message.value())[1]["available_at"])
    reader.close()
    before = (first_bar - T0) * symbols * PER_MINUTE // 60_000_000
    return {"ticks_per_s": (count - before) / ((last_at - first_at) / 1000), "bars": seen[BARS], "features": seen[FEATURES]}

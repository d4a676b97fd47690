"""From producing the tick that closes a bar to the explained recommendation that a read_committed consumer sees."""

import statistics
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.bars import FAR_AHEAD_US, tell_side_inputs
from benchmarks.feed import PARTITIONS, create_topics, producer
from benchmarks.harness import Measured, bench_stack, repeat, say
from benchmarks.model import serve_demo_model
from benchmarks.worker import streams_worker
from schemas.codec import Codec
from schemas.events.market import Tick
from schemas.headers import required_headers
from schemas.registry import committed_catalogue
from schemas.topics import RECOMMENDATIONS, TICKS

UNITS = {"p50_ms": "ms", "p99_ms": "ms", "max_ms": "ms", "recommendations": "records", "unseen": "records"}
SYMBOLS = 50
TICKS_PER_S = 2_000
SECOND_US = 1_000_000
HISTORY_S = 150
"""Bars of history before the clock starts: every feature is known, as in a market that has been watched for a while."""
MEASURED_S = 40
_BATCH_S = 0.01


def run(runs: int, cache_dir: Path, data_dir: Path) -> dict[str, Measured]:
    """Measure ``runs`` times, each on a stack of its own."""
    return repeat(runs, UNITS, lambda _: _once(cache_dir, data_dir))


def _once(cache_dir: Path, data_dir: Path) -> Mapping[str, float]:
    settings = {
        "AUTOTRADER_STREAMS__INTERVALS": "1s",
        "AUTOTRADER_STREAMS__DECISION_INTERVALS": "1s",
        "AUTOTRADER_STREAMS__LATENESS_S": "0",
    }
    with bench_stack(cache_dir, ("kafka",)) as endpoints, tempfile.TemporaryDirectory() as folder:
        create_topics(endpoints.kafka)
        serve_demo_model(data_dir, Path(folder) / "models", "1s")
        tell_side_inputs(endpoints.kafka, time.time_ns() // 1000 + FAR_AHEAD_US)
        log = Path(folder) / "worker.log"
        with streams_worker(Path(folder), endpoints.kafka, ("bars", "features", "recommendations"), settings, log):
            watch = _Watch(endpoints.kafka)
            feed = _Feed(endpoints.kafka)
            try:
                feed.history()
                watch.until_seen(SYMBOLS)
                say("history judged; measuring")
                feed.live()
                time.sleep(2.0)
            except TimeoutError as error:
                raise TimeoutError(f"{error}; the worker said: {log.read_text()[-800:]}") from error
            finally:
                seen = watch.stop()
            return _figures(feed.closed_at, seen)


class _Feed:
    """Ticks of all symbols in turn; event time is the wall clock, as of a live market."""

    def __init__(self, bootstrap: str) -> None:
        self._out: Producer = producer(bootstrap, linger_ms=0)
        self._codec = Codec(committed_catalogue())
        self._sequence = 0
        self._newest: dict[str, int] = {}
        self.closed_at: dict[tuple[str, int], float] = {}
        """Monotonic time of producing the tick that closes a bar, by symbol and end of the bar."""

    def history(self) -> None:
        """Write bars' worth of ticks that end now, as fast as the broker takes them."""
        now = time.time_ns() // 1000
        for second in range(HISTORY_S, 0, -1):
            for part in range(2):
                for number in range(SYMBOLS):
                    self._tick(number, now - second * SECOND_US + part * SECOND_US // 2)
        self._out.flush()
        self.closed_at.clear()

    def live(self) -> None:
        """Write at the set rate for the measured time."""
        begin = time.monotonic()
        sent, total = 0, MEASURED_S * TICKS_PER_S
        while sent < total:
            due = min(total, int((time.monotonic() - begin) * TICKS_PER_S) + 1)
            for _ in range(due - sent):
                self._tick(sent % SYMBOLS, time.time_ns() // 1000)
                sent += 1
            self._out.poll(0)
            time.sleep(_BATCH_S)
        self._out.flush()

    def _tick(self, number: int, event_time: int) -> None:
        symbol = f"S{number:03d}"
        self._sequence += 1
        tick = {
            "event_time": event_time,
            "price": 100.0 + number + (self._sequence * 7919 % 101) / 100.0,
            "size": float(self._sequence % 17 + 1),
            "price_eligible": True,
            "sequence": self._sequence,
            "symbol": symbol,
            "source": "bench",
            "recording": "live",
            "conditions": "",
        }
        value = self._codec.encode_record(Tick.TYPE, tick)
        second = event_time // SECOND_US
        if second > self._newest.get(symbol, second):
            self.closed_at[symbol, (self._newest[symbol] + 1) * SECOND_US] = time.monotonic()
        self._newest[symbol] = second
        headers = required_headers(Tick.TYPE, f"bench/live/{self._sequence}", "/sources/bench")
        self._out.produce(TICKS, value=value, key=symbol.encode(), headers=headers)


class _Watch(threading.Thread):
    """Notes when each recommendation becomes visible."""

    def __init__(self, bootstrap: str) -> None:
        super().__init__(daemon=True)
        self._reader = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": "watch", "isolation.level": "read_committed", "fetch.wait.max.ms": 50}
        )
        self._reader.assign([TopicPartition(RECOMMENDATIONS, partition, 0) for partition in range(PARTITIONS)])
        self._raw: list[tuple[float, bytes]] = []
        self._ended = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._ended.is_set():
            first = self._reader.poll(0.05)  # consume() would wait for its whole timeout to get more
            now = time.monotonic()
            messages = [first, *self._reader.consume(500, 0)] if first is not None else []
            self._raw += [(now, message.value()) for message in messages if not message.error()]

    def until_seen(self, count: int, timeout_s: float = 60.0) -> None:
        """Wait until recommendations come, and until the ones of the history are through."""
        deadline, before = time.monotonic() + timeout_s, -1
        while len(self._raw) < count or len(self._raw) != before:
            if time.monotonic() > deadline:
                raise TimeoutError(f"expected {count} recommendations within {timeout_s} s, found {len(self._raw)}")
            before = len(self._raw)
            time.sleep(1.0)

    def stop(self) -> dict[tuple[str, int], float]:
        """Return when each recommendation was seen first, by symbol and time of the decision."""
        self._ended.set()
        self.join()
        self._reader.close()
        codec, seen = Codec(committed_catalogue()), {}
        for at, value in self._raw:
            _, record = codec.decode_record(value)
            if record["summary"] and record["sentences"]:
                seen.setdefault((record["symbol"], record["decided_at"]), at)
        return seen


def _figures(closed_at: Mapping[tuple[str, int], float], seen_at: Mapping[tuple[str, int], float]) -> Mapping[str, float]:
    latencies = sorted((seen_at[bar] - began) * 1000 for bar, began in closed_at.items() if bar in seen_at)
    if len(latencies) < SYMBOLS:
        raise RuntimeError(f"expected recommendations for {len(closed_at)} bars, found {len(latencies)}")
    return {
        "p50_ms": statistics.median(latencies),
        "p99_ms": latencies[int(len(latencies) * 0.99)],
        "max_ms": latencies[-1],
        "recommendations": len(latencies),
        "unseen": len(closed_at) - len(latencies),
    }

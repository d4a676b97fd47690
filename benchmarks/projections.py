"""Kafka to the read models: recommendations into both tables of Postgres, bars and features into ClickHouse, offsets included."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from autotrader.roles.stores import open_analytics
from benchmarks.feed import T0, create_topics, produce_all
from benchmarks.harness import Measured, bench_stack, repeat, say
from benchmarks.inference import features_records
from benchmarks.model import demo_model
from infra.local.state import Endpoints
from infra.settings import ClickHouseSettings
from models.loading import load_predictor
from models.recommender import Recommender
from projections.versions import BARS_V1, FEATURES_V1, RECOMMENDATIONS_V1, Projection
from schemas.codec import Codec
from schemas.events.market import BarClosed
from schemas.events.recommendations import RecommendationMade
from schemas.events.signals import FeaturesComputed
from schemas.headers import Headers, event_headers
from schemas.ids import derived_id
from schemas.registry import committed_catalogue
from schemas.topics import BARS, FEATURES, RECOMMENDATIONS

UNITS = {"postgres_events_per_s": "events/s", "clickhouse_bars_per_s": "rows/s", "clickhouse_features_per_s": "rows/s"}
COUNTS = {RECOMMENDATIONS: 80_000, BARS: 800_000, FEATURES: 300_000}
_FIGURES = {
    "postgres_events_per_s": (RECOMMENDATIONS, RECOMMENDATIONS_V1),
    "clickhouse_bars_per_s": (BARS, BARS_V1),
    "clickhouse_features_per_s": (FEATURES, FEATURES_V1),
}
MINUTE_US = 60_000_000
_TIMEOUT_S = 180.0

Record = tuple[bytes, bytes, Headers]


def run(runs: int, cache_dir: Path, data_dir: Path) -> dict[str, Measured]:
    """Measure ``runs`` times, each on a stack of its own."""
    return repeat(runs, UNITS, lambda _: _once(cache_dir, data_dir))


def _once(cache_dir: Path, data_dir: Path) -> Mapping[str, float]:
    feeds = {RECOMMENDATIONS: _recommendations(data_dir), BARS: _bars(), FEATURES: _features()}
    figures = {}
    with bench_stack(cache_dir) as endpoints, tempfile.TemporaryDirectory() as folder:
        create_topics(endpoints.kafka)
        for name, (topic, projection) in _FIGURES.items():
            say(f"writing {COUNTS[topic]:,} records to {topic}")
            produce_all(endpoints.kafka, topic, feeds[topic])
            with _projections(endpoints, Path(folder)):
                figures[name] = _rate(endpoints.postgres_dsn, projection.name, COUNTS[topic])
            _expect_rows(endpoints, projection, COUNTS[topic])
    return figures


def _expect_rows(endpoints: Endpoints, projection: Projection, count: int) -> None:
    """Raise where records have no rows: offsets move past dead letters too."""
    if projection == RECOMMENDATIONS_V1:
        stored = _recommendations_stored(endpoints.postgres_dsn)
    else:
        settings = ClickHouseSettings(socket=endpoints.clickhouse_socket)
        with closing(open_analytics(settings)) as analytics:
            found = analytics.query(f"SELECT uniqExact(id) AS stored FROM {projection.schema}.{projection.name}")
            stored = {int(value) for value in found["stored"]}
    if stored != {count}:
        raise RuntimeError(f"{projection}: expected {count} rows stored, found {sorted(stored)}")


def _recommendations_stored(dsn: str) -> set[int]:
    """Return how many rows each of the two tables has."""
    tables = [f"{RECOMMENDATIONS_V1.schema}.{table}" for table in ("recommendations", "recommendation_explanations")]
    text = " UNION ALL ".join(f"SELECT count(*) FROM {table}" for table in tables)
    with psycopg.connect(dsn) as connection:
        return {row[0] for row in connection.execute(text.encode()).fetchall()}


class _projections:  # noqa: N801  # reads as what it runs
    """The projections role as a child process."""

    def __init__(self, endpoints: Any, folder: Path) -> None:
        own = {name: value for name, value in os.environ.items() if not name.startswith("AUTOTRADER_")}
        self._environment = {
            **own,
            "AUTOTRADER_DATA_DIR": str(folder),
            "AUTOTRADER_KAFKA__BOOTSTRAP": endpoints.kafka,
            "AUTOTRADER_POSTGRES__DSN": endpoints.postgres_dsn,
            "AUTOTRADER_CLICKHOUSE__SOCKET": endpoints.clickhouse_socket,
        }
        self._log = folder / "projections.log"

    def __enter__(self) -> None:
        with self._log.open("ab") as out:
            command = [sys.executable, "-m", "autotrader", "run", "projections"]
            self._process = subprocess.Popen(command, env=self._environment, stdout=out, stderr=out)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _rate(dsn: str, projection: str, count: int) -> float:
    """Return records a second between the first and the last time that the stored offsets moved."""
    query = "SELECT coalesce(sum(next_offset), 0) FROM projections.projection_offsets WHERE projection = %s"
    deadline, first, first_at = time.monotonic() + _TIMEOUT_S, 0, 0.0
    with psycopg.connect(dsn, autocommit=True) as connection:
        while time.monotonic() < deadline:
            try:
                row = connection.execute(query, (projection,)).fetchone()
            except psycopg.errors.UndefinedTable:
                row = None
            stored, now = (int(row[0]) if row else 0), time.monotonic()
            if stored and not first:
                first, first_at = stored, now
            if stored >= count:
                return (stored - first) / (now - first_at)
            time.sleep(0.01)
    raise TimeoutError(f"expected {count} records stored within {_TIMEOUT_S} s, found {stored}")


def _recommendations(data_dir: Path) -> Iterator[Record]:
    codec, (folder, model_id) = Codec(committed_catalogue()), demo_model(data_dir)
    predictor = load_predictor(folder, model_id)
    made = Recommender({"1m": predictor}).recommend_records(features_records(2_000, predictor.trained_until, 1))
    for number in range(COUNTS[RECOMMENDATIONS]):
        at = made[0]["decided_at"] + number * MINUTE_US
        changed = {"id": derived_id(RecommendationMade.TYPE, number), "decided_at": at, "valid_until": at + 2 * MINUTE_US}
        record = {**made[number % len(made)], **changed}
        headers = event_headers(RecommendationMade.TYPE, record["id"], "/autotrader/recommendations", at)
        yield record["symbol"].encode(), codec.encode_record(RecommendationMade.TYPE, record), headers


def _bars() -> Iterator[Record]:
    codec = Codec(committed_catalogue())
    for number in range(COUNTS[BARS]):
        symbol, start = f"S{number % 500:03d}", T0 + number // 500 * MINUTE_US
        close = 100.0 + number % 97 / 10
        record = {
            "id": derived_id(BarClosed.TYPE, number),
            "symbol": symbol,
            "interval": "1m",
            "start": start,
            "end": start + MINUTE_US,
            "open": close,
            "high": close + 0.5,
            "low": close - 0.5,
            "close": close,
            "volume": float(number % 1000),
            "vwap": close,
            "trades": 60,
            "revision": 0,
            "origin_kind": "built",
            "source": "bench",
            "available_at": start + MINUTE_US + 2_000_000,
            "inputs": [f"bench/r/{number}", f"bench/r/{number + 59}"],
        }
        headers = event_headers(BarClosed.TYPE, record["id"], "/autotrader/bars", record["end"])
        yield symbol.encode(), codec.encode_record(BarClosed.TYPE, record), headers


def _features() -> Iterator[Record]:
    codec, some = Codec(committed_catalogue()), features_records(5_000, T0, 2)
    for number in range(COUNTS[FEATURES]):
        start = T0 + number // 500 * MINUTE_US
        times = {"start": start, "as_of": start + MINUTE_US, "available_at": start + MINUTE_US + 2_000_000}
        identity = {"id": derived_id(FeaturesComputed.TYPE, number), "bar_id": derived_id(BarClosed.TYPE, number)}
        record = {**some[number % len(some)], **times, **identity, "symbol": f"S{number % 500:03d}"}
        headers = event_headers(FeaturesComputed.TYPE, record["id"], "/autotrader/features", record["as_of"])
        yield record["symbol"].encode(), codec.encode_record(FeaturesComputed.TYPE, record), headers

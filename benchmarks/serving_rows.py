"""A million stored recommendations: real ones of the demo's model, each stored many times under ids and times of its own."""

from pathlib import Path
from typing import Any

import psycopg

from benchmarks.harness import say
from benchmarks.inference import features_records
from benchmarks.model import demo_model
from models.loading import load_predictor
from models.recommender import Recommender
from projections.migrate import migrate_postgres
from projections.views.recommendations import render
from schemas.features import FEATURE_NAMES

ROWS = 1_000_000
SAMPLES = 500
_STEP = 100_000

_SAMPLES = """
CREATE TEMP TABLE samples (n int PRIMARY KEY, id uuid, symbol text, action text, confidence float8, score float8, threshold float8,
    price float8, model_id text, summary text, rendered text, raw float8[], normalised float8[], contributions float8[])
"""
_BATCH = """
CREATE TEMP TABLE batch ON COMMIT DROP AS
SELECT n, gen_random_uuid() AS id, timestamptz '2020-01-01 00:00+00' + n * interval '1 second' AS decided_at
FROM generate_series(%(first)s, %(last)s) n
"""
_RECOMMENDATIONS = """
INSERT INTO read_v1.recommendations
SELECT b.id, s.symbol, '1m', s.action, s.confidence, s.score, s.threshold, b.decided_at, b.decided_at + interval '2 minutes', s.price,
    'bench', s.model_id, b.id, 'fs1', false, 'recommendations', b.n %% 4, b.n / 4
FROM batch b JOIN samples s ON s.n = b.n %% %(samples)s
"""
_EXPLANATIONS = """
INSERT INTO read_v1.recommendation_explanations
SELECT b.id, s.summary, replace(s.rendered, s.id::text, b.id::text), s.raw, s.normalised, s.contributions
FROM batch b JOIN samples s ON s.n = b.n %% %(samples)s
"""


def store_rows(dsn: str, data_dir: Path) -> None:
    """Fill the read model of an empty database."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        migrate_postgres(connection)
        connection.execute("SET synchronous_commit = off")
        connection.execute(_SAMPLES)
        with connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO samples VALUES ({', '.join(['%s'] * 14)})", _samples(data_dir))
        for first in range(0, ROWS, _STEP):
            with connection.transaction():
                connection.execute(_BATCH, {"first": first, "last": first + _STEP - 1})
                connection.execute(_RECOMMENDATIONS, {"samples": SAMPLES})
                connection.execute(_EXPLANATIONS, {"samples": SAMPLES})
            say(f"{first + _STEP:,} of {ROWS:,} recommendations stored")
        for table in ("recommendations", "recommendation_explanations"):
            connection.execute(f"VACUUM ANALYZE read_v1.{table}")
        connection.execute("CHECKPOINT")  # else writing the million rows to the disk goes on beside the requests


def _samples(data_dir: Path) -> list[tuple[Any, ...]]:
    folder, model_id = demo_model(data_dir)
    predictor = load_predictor(folder, model_id)
    rows = features_records(SAMPLES, predictor.trained_until, 5)
    made = Recommender({"1m": predictor}).recommend_records(rows)
    return [
        (
            number,
            one["id"],
            one["symbol"],
            one["action"],
            one["confidence"],
            one["score"],
            one["threshold"],
            one["price"],
            one["model_id"],
            one["summary"],
            render(one).decode(),
            *([one[vector][name] for name in FEATURE_NAMES] for vector in ("raw", "normalised", "contributions")),
        )
        for number, one in enumerate(made)
    ]

"""Probes of the stores that the API reads. What else serving needs is probed by functions that the composition root brings."""

from collections.abc import Awaitable, Callable

from api.ports import Finding, Probe, RecommendationReads
from api.postgres import Pool, ask
from api.threads import Threads
from projections.ports import Analytics, StoreError
from projections.views.recommendations import RecommendationFilter
from schemas.values import iso

_PROBE_S = 2.0


def postgres_probe(pool: Pool) -> Probe:
    """Return a probe that asks Postgres through the pool."""

    async def probe() -> Finding:
        try:
            await ask(pool, lambda connection: connection.execute("SELECT 1"), _PROBE_S)
        except StoreError as error:
            return Finding(ok=False, detail=str(error).partition(":")[0])
        return Finding(ok=True, detail="answers")

    return probe


def read_model_probe(reads: RecommendationReads) -> Probe:
    """Return a probe that asks the read model of recommendations: its store answers, and its tables are there."""

    async def probe() -> Finding:
        try:
            page = await reads.latest(RecommendationFilter(limit=1))
        except StoreError as error:
            return Finding(ok=False, detail=str(error).partition(":")[0])
        newest = f"the newest is of {iso(page.items[0].decided_at)}" if page.items else "empty"
        return Finding(ok=True, detail=newest)

    return probe


def analytics_probe(analytics: Analytics) -> Probe:
    """Return a probe that asks ClickHouse."""
    thread = Threads(1, "analytics-probe")

    async def probe() -> Finding:
        try:
            await thread.run(lambda: analytics.query("SELECT 1 AS one"))
        except StoreError as error:
            return Finding(ok=False, detail=f"no answer: {type(error).__name__}")
        return Finding(ok=True, detail="answers")

    return probe


def lag_probe(seconds_behind: Callable[[], Awaitable[float]], most_s: float) -> Probe:
    """Return a probe that finds how far the slowest consumer is behind; unfit from ``most_s`` seconds on."""

    async def probe() -> Finding:
        behind = await seconds_behind()
        return Finding(ok=behind < most_s, detail=f"{behind:.1f} s behind, at most {most_s:g} s")

    return probe

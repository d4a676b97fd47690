"""The read models behind the API: Postgres through a pool, ClickHouse through a few threads. What fails is StoreUnavailable."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import psycopg
from anyio import CapacityLimiter, to_thread
from psycopg import AsyncConnection
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from api.ports import SeriesRange
from api.postgres import Pool
from projections.paging import Place
from projections.ports import Analytics, StoreUnavailable
from projections.views import bars, features, recommendations, symbols
from projections.views.bars import BarRow
from projections.views.features import FeatureRow
from projections.views.recommendations import Following, Page, RecommendationFilter, RecommendationRow
from projections.views.symbols import SymbolRow
from schemas.events.recommendations import RecommendationMade

T = TypeVar("T")


class PostgresReads:
    """Recommendations and symbols."""

    def __init__(self, pool: Pool, *, timeout_s: float = 3.0) -> None:
        self._pool = pool
        self._timeout_s = timeout_s
        """Longer than the statement timeout: for a server that is frozen and does not even refuse."""

    async def latest(self, filters: RecommendationFilter) -> Page:
        return await self._read(lambda connection: recommendations.latest_recommendations(connection, filters))

    async def by_id(self, recommendation_id: str) -> RecommendationRow | None:
        return await self._read(lambda connection: recommendations.recommendation_by_id(connection, recommendation_id))

    async def events(self, ids: Sequence[str]) -> dict[str, RecommendationMade]:
        return await self._read(lambda connection: recommendations.recommendation_events(connection, ids))

    async def following(self, place: Place, limit: int) -> Following:
        return await self._read(lambda connection: recommendations.recommendations_since(connection, place, limit))

    async def newest_place(self) -> Place:
        return await self._read(recommendations.newest_place)

    async def symbols(self) -> list[SymbolRow]:
        return await self._read(symbols.symbols)

    async def _read(self, query: Callable[[AsyncConnection[Any]], Awaitable[T]]) -> T:
        """Run a query; a connection that broke while it lay in the pool is no reason to fail, so the next one is asked."""
        for _ in range(self._pool.max_size):
            try:
                async with self._pool.connection() as connection, asyncio.timeout(self._timeout_s):
                    return await query(connection)
            except TimeoutError:
                raise StoreUnavailable(f"expected an answer of Postgres within {self._timeout_s:g} s") from None
            except (PoolTimeout, PoolClosed, TooManyRequests) as error:
                raise StoreUnavailable(f"expected a connection to Postgres, found none: {error}") from error
            except (StoreUnavailable, psycopg.OperationalError) as error:
                if not connection.broken:
                    raise StoreUnavailable(f"expected an answer of Postgres: {error}") from error
        raise StoreUnavailable(f"expected a live connection to Postgres, found {self._pool.max_size} broken ones")


class AnalyticsReads:
    """Bars and features. The client blocks, so each query takes one of a few threads, and no longer than its time."""

    def __init__(self, analytics: Analytics, *, threads: int = 2, timeout_s: float = 5.0) -> None:
        self._analytics = analytics
        self._threads = CapacityLimiter(threads)
        self._timeout_s = timeout_s

    async def bars(self, series: SeriesRange) -> list[BarRow]:
        return await self._read(bars.bars, series)

    async def features(self, series: SeriesRange) -> list[FeatureRow]:
        return await self._read(features.features, series)

    async def _read(self, query: Callable[..., list[T]], wanted: SeriesRange) -> list[T]:
        def ask() -> list[T]:
            return query(
                self._analytics,
                wanted.symbol,
                wanted.interval,
                wanted.start,
                wanted.end,
                wanted.limit,
                source=wanted.source,
            )

        try:
            async with asyncio.timeout(self._timeout_s):
                return await to_thread.run_sync(ask, abandon_on_cancel=True, limiter=self._threads)
        except TimeoutError:
            raise StoreUnavailable(f"expected an answer of ClickHouse within {self._timeout_s:g} s") from None

"""The read models behind the API: Postgres through a pool, ClickHouse through a few threads. What fails is StoreUnavailable."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from psycopg import AsyncConnection

from api.ports import SeriesRange
from api.postgres import Pool, ask
from api.threads import Threads
from projections.paging import Place
from projections.ports import Analytics, StoreRejected, StoreUnavailable
from projections.versions import BARS_V1, FEATURES_V1, RECOMMENDATIONS_V1, SYMBOLS_V1, Projection
from projections.views.bars import BarRow, bars
from projections.views.features import FeatureRow, features
from projections.views.recommendations import (
    Following,
    Page,
    RecommendationFilter,
    RecommendationRow,
    latest_recommendations,
    newest_place,
    recommendation_by_id,
    recommendation_events,
    recommendations_since,
)
from projections.views.symbols import SymbolRow, symbols
from schemas.events.recommendations import RecommendationMade

T = TypeVar("T")

_NOT_BUILT = ("UNKNOWN_DATABASE", "UNKNOWN_TABLE")
"""What ClickHouse says where the tables are not there yet."""


class PostgresReads:
    """Recommendations and symbols."""

    def __init__(
        self,
        pool: Pool,
        *,
        recommendations: Projection = RECOMMENDATIONS_V1,
        symbols: Projection = SYMBOLS_V1,
        timeout_s: float = 3.0,
    ) -> None:
        """Read from these versions of the read models."""
        self._pool = pool
        self._recommendations = recommendations
        self._symbols = symbols
        self._timeout_s = timeout_s
        """Longer than the statement timeout: for a server that is frozen and does not even refuse."""

    async def latest(self, filters: RecommendationFilter) -> Page:
        """Return recommendations newest first."""
        return await self._read(lambda asked: latest_recommendations(asked, filters, projection=self._recommendations))

    async def by_id(self, recommendation_id: str) -> RecommendationRow | None:
        """Return one recommendation with its features."""
        return await self._read(lambda asked: recommendation_by_id(asked, recommendation_id, projection=self._recommendations))

    async def events(self, ids: Sequence[str]) -> dict[str, RecommendationMade]:
        """Return whole events by id."""
        return await self._read(lambda asked: recommendation_events(asked, ids, projection=self._recommendations))

    async def following(self, place: Place, limit: int) -> Following:
        """Return what became visible after a place."""
        return await self._read(lambda asked: recommendations_since(asked, place, limit, projection=self._recommendations))

    async def newest_place(self) -> Place:
        """Return the place after everything that is visible now."""
        return await self._read(lambda asked: newest_place(asked, projection=self._recommendations))

    async def symbols(self) -> list[SymbolRow]:
        """Return every symbol that has a bar."""
        return await self._read(lambda asked: symbols(asked, projection=self._symbols))

    async def _read(self, query: Callable[[AsyncConnection[Any]], Awaitable[T]]) -> T:
        return await ask(self._pool, query, self._timeout_s)


class AnalyticsReads:
    """Bars and features. The client blocks, so each query takes one of a few threads, and no longer than its time."""

    def __init__(
        self,
        analytics: Analytics,
        *,
        bars: Projection = BARS_V1,
        features: Projection = FEATURES_V1,
        threads: int = 2,
        timeout_s: float = 5.0,
    ) -> None:
        """Read from these versions of the read models."""
        self._analytics = analytics
        self._bars = bars
        self._features = features
        self._threads = Threads(threads, "analytics")
        self._timeout_s = timeout_s

    async def bars(self, series: SeriesRange) -> list[BarRow]:
        """Return the newest bars of a range, ascending."""
        return await self._read(bars, series, self._bars)

    async def features(self, series: SeriesRange) -> list[FeatureRow]:
        """Return the newest features of a range, ascending."""
        return await self._read(features, series, self._features)

    async def _read(self, query: Callable[..., list[T]], wanted: SeriesRange, projection: Projection) -> list[T]:
        def ask() -> list[T]:
            return query(
                self._analytics,
                wanted.symbol,
                wanted.interval,
                wanted.start,
                wanted.end,
                wanted.limit,
                source=wanted.source,
                projection=projection,
            )

        try:
            return await self._threads.run(ask, self._timeout_s)
        except StoreRejected as error:
            if any(code in str(error) for code in _NOT_BUILT):
                raise StoreUnavailable(f"expected the read model, found it not built yet: {error}") from error
            raise
        except TimeoutError:
            raise StoreUnavailable(f"expected an answer of ClickHouse within {self._timeout_s:g} s") from None

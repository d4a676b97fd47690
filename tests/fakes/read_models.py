"""The read models in memory, with the order, the filters and the places of the real ones."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from api.ports import SeriesRange
from projections.paging import Cursor, Place
from projections.ports import StoreUnavailable
from projections.views.bars import BarRow
from projections.views.features import FeatureRow
from projections.views.recommendations import Following, Page, RecommendationFilter, RecommendationRow, render
from projections.views.symbols import SymbolRow
from schemas.events.recommendations import RecommendationMade


class MemoryReads:
    """Recommendations, each with its place in the log, and the market. ``available`` false: every read fails."""

    def __init__(self, events: Iterable[RecommendationMade] = (), partitions: int = 2) -> None:
        self.available = True
        self.reads = 0
        self.delay_s = 0.0
        self.partitions = partitions
        self.stored: dict[str, tuple[RecommendationMade, int, int]] = {}
        self.symbol_rows: list[SymbolRow] = []
        self.bar_rows: list[BarRow] = []
        self.feature_rows: list[FeatureRow] = []
        self.before_read: Callable[[], None] = lambda: None
        for event in events:
            self.add(event)

    def add(self, event: RecommendationMade, partition: int | None = None) -> None:
        partition = len(self.stored) % self.partitions if partition is None else partition
        offset = sum(1 for _, other, _ in self.stored.values() if other == partition)
        self.stored[event.id] = (event, partition, offset)

    async def latest(self, filters: RecommendationFilter) -> Page:
        await self._read()
        behind = None if filters.cursor is None else Cursor.parse(filters.cursor)
        found = [
            row
            for row in sorted(self._rows(), key=lambda row: (row.decided_at, row.id), reverse=True)
            if self._passes(self.stored[row.id][0], filters)
            and (behind is None or (row.decided_at, row.id) < (behind.decided_at, behind.id))
        ]
        items = tuple(found[: filters.limit])
        more = len(found) > filters.limit
        return Page(items, Cursor(items[-1].decided_at, items[-1].id).text() if more else None)

    async def by_id(self, recommendation_id: str) -> RecommendationRow | None:
        await self._read()
        return self._row(recommendation_id, features=True) if recommendation_id in self.stored else None

    async def events(self, ids: Sequence[str]) -> dict[str, RecommendationMade]:
        await self._read()
        return {one: self.stored[one][0] for one in ids if one in self.stored}

    async def following(self, place: Place, limit: int) -> Following:
        await self._read()
        found: list[RecommendationRow] = []
        ends = dict(place.next_offsets)
        for partition in range(self.partitions):
            part = [row for row in self._rows() if row.partition == partition and row.offset >= ends.get(partition, 0)]
            taken = sorted(part, key=lambda row: row.offset)[:limit]
            found += taken
            if taken:
                ends[partition] = taken[-1].offset + 1
        return Following(tuple(sorted(found, key=lambda row: (row.decided_at, row.id))), Place(ends))

    async def newest_place(self) -> Place:
        await self._read()
        ends: dict[int, int] = {}
        for _, partition, offset in self.stored.values():
            ends[partition] = max(ends.get(partition, 0), offset + 1)
        return Place(ends)

    async def symbols(self) -> list[SymbolRow]:
        await self._read()
        return self.symbol_rows

    async def bars(self, series: SeriesRange) -> list[BarRow]:
        await self._read()
        return [row for row in self.bar_rows if self._in_range(row, row.start, series)][-series.limit :]

    async def features(self, series: SeriesRange) -> list[FeatureRow]:
        await self._read()
        return [row for row in self.feature_rows if self._in_range(row, row.timestamp, series)][-series.limit :]

    async def _read(self) -> None:
        self.before_read()
        await asyncio.sleep(self.delay_s)
        self.reads += 1
        if not self.available:
            raise StoreUnavailable("postgres://user:secret@host: connection refused")

    def _rows(self) -> list[RecommendationRow]:
        return [self._row(one) for one in self.stored]

    def _row(self, recommendation_id: str, *, features: bool = False) -> RecommendationRow:
        event, partition, offset = self.stored[recommendation_id]
        body = render(event.model_dump(), features=features)
        return RecommendationRow(event.id, event.decided_at, event.valid_until, body, partition, offset)

    @staticmethod
    def _passes(event: RecommendationMade, filters: RecommendationFilter) -> bool:
        return (
            (not filters.symbols or event.symbol in filters.symbols)
            and filters.action in (None, event.action)
            and event.confidence >= (filters.min_confidence or 0)
            and (filters.since is None or event.decided_at >= filters.since)
            and filters.interval in (None, event.interval)
        )

    @staticmethod
    def _in_range(row: BarRow | FeatureRow, time: int, series: SeriesRange) -> bool:
        return (
            (row.symbol, row.interval) == (series.symbol, series.interval)
            and series.source in (None, row.source)
            and (series.start is None or time >= series.start)
            and (series.end is None or time < series.end)
        )

"""What the API needs of the rest: the read models, and probes of what it depends on."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from projections.paging import Place
from projections.views.bars import BarRow
from projections.views.features import FeatureRow
from projections.views.recommendations import Following, Page, RecommendationFilter, RecommendationRow
from projections.views.symbols import SymbolRow
from schemas.events.recommendations import RecommendationMade

Clock = Callable[[], int]
"""Microseconds since the Unix epoch."""


class RecommendationReads(Protocol):
    """The read model of recommendations. Raises StoreUnavailable where the store cannot answer."""

    async def latest(self, filters: RecommendationFilter) -> Page:
        """Return recommendations newest first; UnreadableCursor where the cursor is not ours."""

    async def by_id(self, recommendation_id: str) -> RecommendationRow | None:
        """Return one recommendation with its features, None where the id is unknown."""

    async def events(self, ids: Sequence[str]) -> dict[str, RecommendationMade]:
        """Return whole events by id."""

    async def following(self, place: Place, limit: int) -> Following:
        """Return what became visible after a place, and the place after that."""

    async def newest_place(self) -> Place:
        """Return the place after everything that is visible now."""


class SymbolReads(Protocol):
    """The read model of symbols. Raises StoreUnavailable where the store cannot answer."""

    async def symbols(self) -> list[SymbolRow]:
        """Return every symbol that has a bar."""


@dataclass(frozen=True, slots=True)
class SeriesRange:
    """A part of a series: [start, end) in microseconds since the Unix epoch, and how many of its newest rows."""

    symbol: str
    interval: str
    start: int | None
    end: int | None
    limit: int
    source: str | None = None


class SeriesReads(Protocol):
    """The read models of bars and features. Raises StoreUnavailable where the store cannot answer."""

    async def bars(self, series: SeriesRange) -> list[BarRow]:
        """Return the newest bars in a range, ascending."""

    async def features(self, series: SeriesRange) -> list[FeatureRow]:
        """Return the newest features in a range, ascending."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found: fit to serve or not, and the figure or the failure that says so."""

    ok: bool
    detail: str


Probe = Callable[[], Awaitable[Finding]]
"""Asks one dependency. Answers within its time or is counted as failed."""

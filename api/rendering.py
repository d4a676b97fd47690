"""Recommendations as they are shown. The read model keeps each as JSON; what depends on the clock is added here."""

from projections.views.recommendations import RecommendationRow, render
from schemas.events.recommendations import RecommendationMade

_FRESH, _STALE = b'{"stale":false,', b'{"stale":true,'


def shown(row: RecommendationRow, now: int) -> bytes:
    """Return a stored recommendation with its staleness: stale from ``valid_until`` on."""
    return _spliced(row.body, row.valid_until, now)


def shown_event(event: RecommendationMade, now: int, *, features: bool) -> bytes:
    """Return a recommendation that is not stored as one that is."""
    return _spliced(render(event.model_dump(), features=features), event.valid_until, now)


def _spliced(body: bytes, valid_until: int, now: int) -> bytes:
    return (_STALE if valid_until <= now else _FRESH) + body[1:]

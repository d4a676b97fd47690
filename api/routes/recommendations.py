"""Reading recommendations: the list, newest first, and one by its id."""

from dataclasses import replace
from uuid import UUID

from pydantic import Field
from starlette.responses import Response

from api.envelope import listed, rendered
from api.errors import Detail, InvalidRequestError, NotFoundError
from api.operation import Call, Operation
from api.parameters import Input, IntervalText, Symbols, Time
from api.rendering import shown, shown_event
from api.responses.recommendations import RecommendationAnswer, RecommendationList
from api.services import Services
from api.weights import WeightsQuery, shown_weights
from models.decision import Weights
from projections.paging import UnreadableCursor
from projections.views.recommendations import Page, RecommendationFilter
from schemas.events.recommendations import Action, RecommendationMade

_ROUNDS_MAX = 10
"""Pages of the read model that one request with weights looks through."""


class ListQuery(WeightsQuery):
    """Filters of the list. With weights, action and min_confidence judge what the weights make of each recommendation."""

    symbols: Symbols = Field(default=(), description="separated by commas; none: all")
    action: Action | None = None
    min_confidence: float | None = Field(default=None, ge=0, le=1, description="least probability of the action")
    since: Time | None = Field(default=None, description="decided then or later")
    interval: IntervalText | None = Field(default=None, description="decided on bars of this length, such as 1d")
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=200, description="`meta.next_cursor` of the page before")


class OnePath(Input):
    """One recommendation."""

    id: UUID


async def list_recommendations(services: Services, call: Call) -> Response:
    """Answer a page of stored recommendations; identical questions of one moment share one read."""
    query: ListQuery = call.query
    filters = RecommendationFilter(
        symbols=query.symbols,
        action=query.action,
        min_confidence=query.min_confidence,
        since=query.since,
        interval=query.interval,
        limit=query.limit,
        cursor=query.cursor,
    )
    weights = query.wanted()
    try:
        if weights is not None:
            return await _weighted(services, call, filters, weights)
        page = await services.pages.get(filters, lambda: services.recommendations.latest(filters))
    except UnreadableCursor:
        raise InvalidRequestError(
            [Detail("cursor", "query", "expected `meta.next_cursor` of the page before, found another text")]
        ) from None
    return listed([shown(row, call.now) for row in page.items], call.now, next_cursor=page.next_cursor)


async def _weighted(services: Services, call: Call, filters: RecommendationFilter, weights: Weights) -> Response:
    """Answer a page as a user's weights would have made it; what it is filtered by is judged after weighing."""
    found: list[bytes] = []
    wanted = replace(filters, action=None, min_confidence=None)
    for _ in range(_ROUNDS_MAX):
        page = await services.recommendations.latest(wanted)
        found += [
            shown_event(event, call.now, features=False)
            for event in await _reweighed(services, page, weights)
            if filters.action in (None, event.action) and event.confidence >= (filters.min_confidence or 0)
        ]
        if page.next_cursor is None or len(found) >= filters.limit:
            break
        wanted = replace(wanted, cursor=page.next_cursor, limit=filters.limit - len(found))
    return listed(found, call.now, next_cursor=page.next_cursor, weights=shown_weights(weights))


async def _reweighed(services: Services, page: Page, weights: Weights) -> list[RecommendationMade]:
    events = await services.recommendations.events([row.id for row in page.items])
    return await services.engine.reweigh([events[row.id] for row in page.items if row.id in events], weights)


async def one_recommendation(services: Services, call: Call) -> Response:
    """Answer one recommendation with its features."""
    recommendation_id, weights = str(call.path.id), call.query.wanted()
    if weights is None:
        row = await services.recommendations.by_id(recommendation_id)
        if row is None:
            raise NotFoundError("no recommendation has this id")
        return rendered(shown(row, call.now), call.now)
    events = await services.recommendations.events([recommendation_id])
    if recommendation_id not in events:
        raise NotFoundError("no recommendation has this id")
    [event] = await services.engine.reweigh([events[recommendation_id]], weights)
    return rendered(shown_event(event, call.now, features=True), call.now, weights=shown_weights(weights))


OPERATIONS = (
    Operation(
        name="listRecommendations",
        path="/api/v1/recommendations",
        summary="Recommendations, newest first",
        description="With any of the w_ parameters each recommendation is weighed anew by a pure function; what is stored stays.",
        tag="recommendations",
        handler=list_recommendations,
        query=ListQuery,
        answer=RecommendationList,
        errors=(503,),
    ),
    Operation(
        name="getRecommendation",
        path="/api/v1/recommendations/{id}",
        summary="One recommendation with its features",
        tag="recommendations",
        handler=one_recommendation,
        path_model=OnePath,
        query=WeightsQuery,
        answer=RecommendationAnswer,
        errors=(404, 503),
    ),
)

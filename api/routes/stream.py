"""New recommendations as they become visible, as server-sent events."""

from pydantic import Field
from starlette.responses import Response

from api.errors import Detail, InvalidRequestError
from api.event_stream import EventStream
from api.live import Wanted
from api.live_client import LiveClient
from api.operation import Call, Operation
from api.parameters import Input, IntervalText, Symbols
from api.services import Services
from projections.paging import Place, UnreadableCursor
from schemas.events.recommendations import Action

_RESUME = "Last-Event-ID"


class StreamQuery(Input):
    """Which recommendations to hear of."""

    symbols: Symbols = Field(default=(), description="separated by commas; none: all")
    action: Action | None = None
    interval: IntervalText | None = Field(default=None, description="decided on bars of this length, such as 1d")
    min_confidence: float = Field(default=0, ge=0, le=1, description="least probability of the action")


async def stream_recommendations(services: Services, call: Call) -> Response:
    """Answer a stream that goes on until the client leaves or the server stops."""
    query: StreamQuery = call.query
    wanted = Wanted(frozenset(query.symbols), query.action, query.interval, query.min_confidence)
    after = _resumed(call.request.headers.get(_RESUME))
    client = LiveClient(services.live, services.recommendations, services.clock, wanted)
    await client.start()
    return EventStream(client.chunks(after), client.stop)


def _resumed(last_event_id: str | None) -> Place | None:
    if not last_event_id:
        return None
    try:
        return Place.parse(last_event_id)
    except UnreadableCursor:
        raise InvalidRequestError(
            [Detail(_RESUME, "header", "expected the id of an event of this stream, found another text")]
        ) from None


OPERATIONS = (
    Operation(
        name="streamRecommendations",
        path="/api/v1/stream/recommendations",
        summary="Recommendations as they become visible",
        description=(
            "Server-sent events named `recommendation`; data is one recommendation as in the list. Each event's id is a place to "
            "resume from: sent back as Last-Event-ID, what was missed comes first. Comments in between are signs of life."
        ),
        tag="recommendations",
        handler=stream_recommendations,
        query=StreamQuery,
        headers={_RESUME: "the id of the last event that was received"},
        media="text/event-stream",
        errors=(503,),
        streams=True,
    ),
)

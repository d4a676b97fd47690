"""An operation of the API: declared once; the route and its documentation are both made from the declaration."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.parameters import Input, NoQuery
from api.responses.envelope import ErrorAnswer
from api.services import Services


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read and validated. ``path``, ``query`` and ``body`` are what the operation declares."""

    request: Request
    path: Any
    query: Any
    body: Any
    now: int
    """Microseconds since the Unix epoch."""


Handler = Callable[[Services, Call], Awaitable[Response]]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What can be asked, with what, and what comes back."""

    name: str
    path: str
    summary: str
    tag: str
    handler: Handler
    method: str = "GET"
    description: str = ""
    path_model: type[Input] = NoQuery
    query: type[Input] | None = NoQuery
    """None: any query is accepted and ignored, where clients of a foreign protocol send what they like."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Request headers that have a meaning here, and which."""
    body: type[Input] | None = None
    answer: type[BaseModel] | None = None
    """None: the answer is no JSON object of ours; ``media`` says what it is."""
    media: str = "application/json"
    errors: tuple[int, ...] = ()
    """Statuses beyond those that follow from what the operation takes."""
    error_answer: type[BaseModel] = ErrorAnswer
    error_media: str = "application/json"
    streams: bool = False
    """True: the answer goes on until one side ends it."""

    @property
    def failures(self) -> list[int]:
        """Return every status but 200 that the operation can answer with."""
        found = {400, 500, *self.errors}
        if self.query is not None or self.body is not None or self.path_model is not NoQuery:
            found.add(422)
        if self.body is not None:
            found |= {408, 413, 415}
        return sorted(found)

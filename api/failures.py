"""The table from exceptions to answers. What it does not name is answered at the edge, as an error of ours."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.errors import CODE_OF_STATUS, ApiError, UnavailableError
from api.refusal import refusal
from api.registry_protocol import RegistryProtocolError
from projections.ports import StoreUnavailable

log = logging.getLogger(__name__)

Answering = Callable[[Request, Any], Awaitable[Response]]


_MESSAGES = {
    404: "nothing is here; GET / says where things are",
    405: "expected a method that this path has (see Allow), found another",
}


async def answer_api_error(request: Request, error: ApiError) -> Response:
    """Answer what we refuse."""
    number = error.error_code if isinstance(error, RegistryProtocolError) else None
    return refusal(request.scope, error.status, error.code, error.message, error.details, error.headers, number)


async def answer_unavailable(request: Request, error: StoreUnavailable) -> Response:
    """Answer that a store cannot answer; what it said goes to the log only."""
    log.warning("a store cannot answer: %s", error)
    return await answer_api_error(request, UnavailableError("a store of the platform cannot answer now; nothing was changed"))


async def answer_framework_error(request: Request, error: HTTPException) -> Response:
    """Answer what the framework refuses, such as unknown paths and methods."""
    refused = ApiError(_MESSAGES.get(error.status_code, HTTPStatus(error.status_code).phrase), (), dict(error.headers or {}))
    refused.status = error.status_code
    refused.code = CODE_OF_STATUS.get(error.status_code, "REQUEST_REFUSED")
    return await answer_api_error(request, refused)


HANDLERS: Mapping[Any, Answering] = {
    ApiError: answer_api_error,
    StoreUnavailable: answer_unavailable,
    HTTPException: answer_framework_error,
}

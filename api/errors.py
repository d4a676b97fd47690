"""What a request can fail with, and what each failure is called.

ApiError
├── InvalidRequestError      422  a parameter or a field of the body breaks a rule
├── MalformedBodyError       400  the body is no JSON
├── UnsupportedMediaError    415  the body is not declared as JSON
├── BodyTimeoutError         408  the body did not arrive in time
├── BodyTooLargeError        413  the body is larger than it may be
├── NotFoundError            404  nothing has this id or name
├── RegistryProtocolError         a refusal in the schema registry's own terms
└── UnavailableError         503  a dependency cannot answer now; try again
    └── NotReadyError        503  the platform is not fit to serve
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

RETRY_AFTER_S = 2
"""Seconds a client is told to wait: about as long as a restarted store takes to accept connections."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that is wrong: where, and what was expected and found there."""

    field: str
    location: str
    message: str


class ApiError(Exception):
    """Becomes the error envelope. ``message`` never repeats what the client sent; details do, shortened."""

    status = 500
    code = "INTERNAL_ERROR"

    def __init__(self, message: str, details: Sequence[Any] = (), headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = [asdict(detail) if isinstance(detail, Detail) else detail for detail in details]
        self.headers = headers or {}


class InvalidRequestError(ApiError):
    """A parameter or a field of the body breaks a rule."""

    status = 422
    code = "VALIDATION_ERROR"

    def __init__(self, details: Sequence[Detail]) -> None:
        count = len(details)
        super().__init__(f"{count} {'value of the request is' if count == 1 else 'values of the request are'} not valid", details)


class MalformedBodyError(ApiError):
    """The body is no JSON."""

    status = 400
    code = "REQUEST_MALFORMED_JSON"


class UnsupportedMediaError(ApiError):
    """The body is not declared as JSON."""

    status = 415
    code = "REQUEST_UNSUPPORTED_MEDIA_TYPE"


class BodyTimeoutError(ApiError):
    """The body did not arrive in time."""

    status = 408
    code = "REQUEST_TIMEOUT"


class BodyTooLargeError(ApiError):
    """The body is larger than it may be."""

    status = 413
    code = "REQUEST_TOO_LARGE"


class NotFoundError(ApiError):
    """Nothing has this id or name."""

    status = 404
    code = "RESOURCE_NOT_FOUND"


class UnavailableError(ApiError):
    """A dependency cannot answer now; nothing was changed, and the same request may be sent again."""

    status = 503
    code = "DEPENDENCY_UNAVAILABLE"

    def __init__(self, message: str, details: Sequence[Any] = ()) -> None:
        super().__init__(message, details, {"Retry-After": str(RETRY_AFTER_S)})


class NotReadyError(UnavailableError):
    """At least one dependency that serving needs is not fit."""

    code = "NOT_READY"


CODE_OF_STATUS = {
    400: "REQUEST_MALFORMED",
    404: "RESOURCE_NOT_FOUND",
    405: "REQUEST_METHOD_NOT_ALLOWED",
    413: "REQUEST_TOO_LARGE",
    500: "INTERNAL_ERROR",
}
"""Codes of what the framework itself refuses."""

"""The one shape of every answer: ``data`` and ``meta``, or ``error``. Bodies are put together from bytes."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.responses import Response

from schemas.values import iso


class JsonResponse(Response):
    """A response whose body is JSON already."""

    media_type = "application/json"


def dump(value: Any) -> bytes:
    """Return a value as JSON; NaN and infinities become null."""
    return orjson.dumps(value)


def success(data: Any, now: int, **meta: Any) -> Response:
    """Return data in the envelope; meta values that are None are left out."""
    return _wrapped(dump(data), now, meta)


def rendered(data: bytes, now: int, **meta: Any) -> Response:
    """Return data that is JSON already in the envelope."""
    return _wrapped(data, now, meta)


def listed(items: Sequence[bytes], now: int, **meta: Any) -> Response:
    """Return rendered items as a list in the envelope, with their count."""
    return _wrapped(b"[" + b",".join(items) + b"]", now, {"count": len(items), **meta})


def failure(
    status: int, code: str, message: str, trace_id: str, details: Sequence[Any] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """Return the error envelope; the trace id finds the log lines of the request."""
    body = {"error": {"code": code, "message": message, "details": list(details), "traceId": trace_id}}
    return JsonResponse(dump(body), status, headers)


def _wrapped(data: bytes, now: int, meta: Mapping[str, Any]) -> Response:
    stated = {"timestamp": iso(now), **{key: value for key, value in meta.items() if value is not None}}
    return JsonResponse(b"".join((b'{"data":', data, b',"meta":', dump(stated), b"}")))

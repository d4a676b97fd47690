"""The edge of a request: its ids, its log line, and the last resort for what nothing else answered."""

import logging
import re
import secrets
import time

from opentelemetry import trace
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from api.refusal import refusal
from api.scope import TRACE_KEY

log = logging.getLogger("api.requests")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")
_NO_TRACE = "0" * 32


class RequestContext:
    """Gives a request its ids, in its logs and in the headers of its answer; no exception goes past here."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        trace_id = scope[TRACE_KEY] = _trace_id(headers)
        request_id = _request_id(headers)
        clear_contextvars()  # a connection's requests run one after another in contexts copied from the same one
        bind_contextvars(traceId=trace_id, requestId=request_id)
        status = 0
        started = time.perf_counter()

        async def send_with_ids(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answer = MutableHeaders(scope=message)
                answer["X-Request-Id"] = request_id
                answer["X-Trace-Id"] = trace_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_ids)
        except Exception:  # the edge: logged whole, told as nothing but its trace id
            log.exception("a request failed")
            if not status:
                error = refusal(scope, 500, "INTERNAL_ERROR", "something went wrong; the trace id finds it in the logs")
                await error(scope, receive, send_with_ids)
        finally:
            _log_answer(scope, status, started)


def _log_answer(scope: Scope, status: int, started: float) -> None:
    if log.isEnabledFor(logging.INFO):
        duration_ms = round((time.perf_counter() - started) * 1000, 2)
        bind_contextvars(method=scope["method"], path=scope["path"], status=status, durationMs=duration_ms)
        log.info("request answered")


def _trace_id(headers: Headers) -> str:
    """Return the trace that the request belongs to: the current span's, the caller's, or a new one."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        return f"{span.trace_id:032x}"
    given = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    return given[1] if given and given[1] != _NO_TRACE else secrets.token_hex(16)


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)

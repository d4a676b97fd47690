"""What every answer forbids a browser, and the names under which this server lets itself be called."""

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.envelope import failure
from api.middleware.request_context import TRACE_KEY

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class SecurityHeaders:
    """Adds the headers that an answer does not set itself. No cross-origin reading is allowed: there is no CORS header."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, secured)


class HostCheck:
    """Refuses names that are not ours: a page elsewhere that points its own name at a loopback port reaches nothing."""

    def __init__(self, app: ASGIApp, allowed: Iterable[str]) -> None:
        self.app = app
        self._allowed = frozenset(name.lower() for name in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "*" in self._allowed or _name(Headers(scope=scope).get("host", "")) in self._allowed:
            await self.app(scope, receive, send)
            return
        message = "expected a Host header with a name that this server is set up for"
        await failure(400, "REQUEST_INVALID_HOST", message, scope[TRACE_KEY])(scope, receive, send)


def _name(host: str) -> str:
    """Return a Host header without its port; an IPv6 address keeps its brackets."""
    name, separator, port = host.rpartition(":")
    return (name if separator and port.isdigit() else host).lower()

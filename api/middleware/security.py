"""What every answer forbids a browser, and the names under which this server lets itself be called."""

from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.refusal import refusal

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


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
                stated = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(header for header in _HEADERS if header[0] not in stated)]
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
        await refusal(scope, 400, "REQUEST_INVALID_HOST", message)(scope, receive, send)


def _name(host: str) -> str:
    """Return a Host header without its port; an IPv6 address keeps its brackets."""
    name, separator, port = host.rpartition(":")
    return (name if separator and port.isdigit() else host).lower()

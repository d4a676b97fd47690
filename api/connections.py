"""What one connection may cost: a request that does not arrive, or too many of them, must not keep the others waiting.

uvicorn has no deadline for the head of a request and no limit on its size with every parser, so its protocol is extended. The
names used here are uvicorn's own; the tests of the server fail where an upgrade changes what they mean.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from api.envelope import failure
from api.errors import RETRY_AFTER_S


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Of a server's connections."""

    connections_max: int = 1_000
    head_s: float = 10.0
    """Seconds that a request line and its headers may take to arrive."""
    head_bytes_max: int = 32 * 1024


class LimitedProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # which parser it is, is found at run time
    """uvicorn's HTTP protocol with limits."""

    def __init__(self, *arguments: Any, limits: ConnectionLimits, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._limits = limits
        self._head_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Count the connection, and expect its first request."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections_max:
            self._refuse(503, "TOO_MANY_CONNECTIONS", "expected fewer connections; try again")
        else:
            self._expect_request()

    def data_received(self, data: bytes) -> None:
        """Hand bytes on; those that complete no request are counted."""
        if self.transport.is_closing():
            return
        if self._is_idle():
            self._expect_request()
            self._head_bytes += len(data)
        super().data_received(data)
        if not self._is_idle():
            self._request_came()
        elif self._head_bytes > self._limits.head_bytes_max:
            self._refuse(431, "REQUEST_HEADERS_TOO_LARGE", f"expected headers of at most {self._limits.head_bytes_max} bytes")

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the deadline."""
        self._request_came()
        super().connection_lost(exc)

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _expect_request(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self._limits.head_s, self._head_is_late)

    def _request_came(self) -> None:
        self._head_bytes = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _head_is_late(self) -> None:
        self._deadline = None
        if not self._head_bytes and self._is_idle():
            self.transport.close()  # opened ahead, and not used: nobody waits for an answer
        elif self._is_idle():
            self._refuse(408, "REQUEST_TIMEOUT", f"expected a request within {self._limits.head_s:g} s")

    def _refuse(self, status: int, code: str, message: str) -> None:
        if self.transport.is_closing():
            return
        body = bytes(failure(status, code, message, "").body)
        head = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            "content-type: application/json",
            f"content-length: {len(body)}",
            "connection: close",
            *([f"retry-after: {RETRY_AFTER_S}"] if status == HTTPStatus.SERVICE_UNAVAILABLE else []),
        ]
        self.transport.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        self.transport.close()

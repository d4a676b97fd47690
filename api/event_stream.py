"""The answer that goes on: server-sent events to one client, until either side ends it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

log = logging.getLogger(__name__)

_SEND_TIMEOUT_S = 30.0


class EventStream(Response):
    """Writes chunks as they come, stops at once when the client goes away, and says when it is over."""

    media_type = "text/event-stream"

    def __init__(self, chunks: AsyncIterator[bytes], over: Callable[[], None]) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["Content-Length"]
        self._chunks = chunks
        self._over = over

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope["method"] == "HEAD":
                await send({"type": "http.response.body"})
            else:
                await self._until_over(receive, send)
        finally:
            self._over()

    async def _until_over(self, receive: Receive, send: Send) -> None:
        writing = asyncio.create_task(self._write(send))
        leaving = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (writing, leaving):
                task.cancel()
            await asyncio.wait({writing, leaving})
        if not writing.cancelled():
            writing.result()

    async def _write(self, send: Send) -> None:
        try:
            async for chunk in self._chunks:
                async with asyncio.timeout(_SEND_TIMEOUT_S):  # one that does not read must not hold its place for ever
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except TimeoutError:
            log.warning("a listening client did not read for %g s, and is closed", _SEND_TIMEOUT_S)
            return
        await send({"type": "http.response.body"})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

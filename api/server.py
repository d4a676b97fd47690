"""One process that serves the application over HTTP: opens its ports, says which, and stops without breaking off answers."""

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

import uvicorn
from starlette.applications import Starlette

from api.connections import ConnectionLimits, LimitedProtocol


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen, or where it is listened; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 0

    @property
    def url(self) -> str:
        """Return the address as a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Times in seconds."""

    listen: Sequence[Address] = (Address(),)
    keep_alive_s: int = 30
    stop_s: int = 5
    """How long answers that are under way may take once the server is told to stop."""
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)


class Server(uvicorn.Server):
    """Says when it listens, ends the streams before it waits for connections, and leaves signals to the composition root."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None], before_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening
        self._before_stop = before_stop

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections."""
        await super().startup(sockets)
        if self.started:
            self._listening()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, end the streams, wait for the other answers."""
        self._before_stop()
        await super().shutdown(sockets)


async def serve(
    app: Starlette, settings: ServerSettings, stop: asyncio.Event, listening: Callable[[Sequence[Address]], None]
) -> None:
    """Serve until ``stop`` is set, and return when everything is closed; OSError where an address cannot be had.

    ``listening`` is called once, with the real ports, when connections are accepted.
    """
    sockets = _bound(settings.listen)
    addresses = [Address(*found.getsockname()[:2]) for found in sockets]
    server = Server(_config(app, settings), lambda: listening(addresses), app.state.live.close)
    serving = asyncio.create_task(server.serve(sockets), name="http-server")
    stopping = asyncio.create_task(stop.wait(), name="http-server-stop")
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        server.should_exit = True
        stopping.cancel()
        await serving


def _bound(addresses: Sequence[Address]) -> list[socket.socket]:
    """Return listening sockets, all or none."""
    with ExitStack() as opened:
        sockets = []
        for address in addresses:
            family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
            try:
                found = socket.create_server((address.host, address.port), family=family, backlog=2048)
            except OSError as error:
                raise OSError(error.errno, f"expected to listen on {address.url}, found it {error.strerror}") from error
            sockets.append(opened.enter_context(found))
        opened.pop_all()
        return sockets


def _config(app: Starlette, settings: ServerSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=partial(LimitedProtocol, limits=settings.limits),  # type: ignore[arg-type]  # it is called, never subclassed
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=settings.keep_alive_s,
        timeout_graceful_shutdown=settings.stop_s,
    )

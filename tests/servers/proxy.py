"""A TCP proxy between a client and a server, that can lose what one of them says."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum


class Mode(Enum):
    PASS = "everything goes through"
    CUT_ANSWER = "what the client says arrives; at the server's next word the connection to the client is cut"
    SWALLOW = "what the client says arrives; what the server says does not, and the connection stays open"


class Proxy:
    """Forwards connections; the mode can change at any time and holds for what is read from then on."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listener]
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]
        self.mode = Mode.PASS
        self.lost_bytes = 0
        self.connections = 0
        self._run(self._accept)

    def close(self) -> None:
        """Cut every connection and stop listening."""
        for end in self._open:
            _cut(end)
        for thread in self._threads:
            thread.join(5)

    def _run(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]  # bound methods
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.create_connection(self._target)
            self._open += [client, server]
            self._run(self._forward, client, server, False)
            self._run(self._forward, server, client, True)

    def _forward(self, source: socket.socket, target: socket.socket, from_server: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if from_server and self.mode is not Mode.PASS:
                    self.lost_bytes += len(data)
                    if self.mode is Mode.SWALLOW:
                        continue
                    break
                target.sendall(data)
        _cut(source)
        _cut(target)


def _cut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def proxy_to(host: str, port: int) -> Iterator[Proxy]:
    """Run a proxy in front of a server."""
    proxy = Proxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()

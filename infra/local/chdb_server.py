"""The process that owns the folder of an embedded ClickHouse: chdb lets only one process open it.

    python -m infra.local.chdb_server --data FOLDER --socket PATH

Clients speak frames (infra/clients/frames.py) over the Unix socket. Each connection has a thread and an engine connection of
its own, so that a long query does not hold up an insert; on one connection, requests are answered one after the other.
"""

import argparse
import contextlib
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from types import FrameType

from chdb import ChdbError
from chdb.state.sqlitelike import Connection, connect

from infra.clients.frames import Frame, FrameError, receive_frame, send_frame, unpack_insert

_BACKLOG = 64


class ChdbServer:
    """Accepts connections until it is stopped, and lets the engine answer them."""

    def __init__(self, data: Path, socket_path: Path) -> None:
        self._data = str(data)
        self._socket_path = socket_path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # One engine connection for the life of the process: the engine closes the folder with the last connection.
        self._keeper: Connection = connect(self._data)

    def listen(self) -> None:
        """Bind the socket; only the owner of the process may connect."""
        self._socket_path.unlink(missing_ok=True)
        self._listener.bind(str(self._socket_path))
        self._listener.listen(_BACKLOG)

    def serve(self) -> None:
        """Answer connections until `stop`."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer_connection, args=(connection,), daemon=True).start()

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Stop accepting; callable from a signal handler."""
        self._socket_path.unlink(missing_ok=True)
        # close() alone would not wake up accept().
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _answer_connection(self, connection: socket.socket) -> None:
        engine = connect(self._data)
        try:
            with connection, contextlib.suppress(OSError):
                while (request := receive_frame(connection)) is not None:
                    kind, parts = self._answer(engine, *request)
                    send_frame(connection, kind, parts)
        finally:
            engine.close()

    def _answer(self, engine: Connection, kind: Frame, payload: memoryview) -> tuple[Frame, list[bytes | memoryview]]:
        try:
            if kind is Frame.INSERT:
                _insert(engine, payload)
                return Frame.DONE, []
            if kind is Frame.QUERY:
                return Frame.RESULT, [engine.query(str(payload, "utf-8"), "ArrowStream").bytes()]
            if kind is Frame.EXECUTE:
                engine.query(str(payload, "utf-8"), "Null")
                return Frame.DONE, []
        # The engine's errors are ChdbError for statements, RuntimeError for streamed inserts.
        except (ChdbError, RuntimeError, FrameError, UnicodeDecodeError) as error:
            return Frame.REJECTED, [str(error).encode()]
        return Frame.REJECTED, [f"expected EXECUTE, QUERY or INSERT, found {kind.name}".encode()]


def _insert(engine: Connection, payload: memoryview) -> None:
    statement, stream = unpack_insert(payload)
    with engine.send_insert(statement, "ArrowStream") as inserter:
        inserter.append(stream)
        inserter.finish()


def main() -> None:
    """Own the folder until SIGTERM."""
    parser = argparse.ArgumentParser(description="own the folder of an embedded ClickHouse and answer on a Unix socket")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--socket", type=Path, required=True)
    arguments = parser.parse_args()
    os.umask(0o077)
    arguments.data.mkdir(parents=True, exist_ok=True)
    server = ChdbServer(arguments.data, arguments.socket)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.stop)
    server.listen()
    server.serve()
    sys.stdout.flush()
    # Connections in the middle of a request have daemon threads inside the engine; leaving past them is safe, because a part
    # of a table becomes visible by one rename, and it does not wait for a slow query.
    os._exit(0)


if __name__ == "__main__":
    main()

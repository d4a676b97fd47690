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

from infra.clients.frames import Frame, Stream, receive, receive_header, receive_statement, send_frame, widen

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
                while (header := receive_header(widen(connection))) is not None:
                    send_frame(connection, *_answer(engine, connection, *header))
        finally:
            engine.close()


def _answer(engine: Connection, connection: socket.socket, kind: Frame, size: int) -> tuple[Frame, bytes]:
    """Read the rest of a request and do it; raises OSError when the client is gone."""
    # The engine's errors are ChdbError for statements, RuntimeError for streamed inserts.
    try:
        if kind is Frame.INSERT:
            _insert(engine, connection, size)
            return Frame.DONE, b""
        sql = receive(connection, size).decode()
        if kind is Frame.QUERY:
            return Frame.RESULT, engine.query(sql, "ArrowStream").bytes()
        if kind is Frame.EXECUTE:
            engine.query(sql, "Null")
            return Frame.DONE, b""
    except (ChdbError, RuntimeError, UnicodeDecodeError) as error:
        return Frame.REJECTED, str(error).encode()
    return Frame.REJECTED, f"expected EXECUTE, QUERY or INSERT, found {kind.name}".encode()


def _insert(engine: Connection, connection: socket.socket, size: int) -> None:
    """Hand the stream to the engine as it arrives; an insert that is not finished is cancelled."""
    statement, rest = receive_statement(connection, size)
    stream = Stream(connection, rest)
    try:
        with engine.send_insert(statement, "ArrowStream") as inserter:
            for piece in stream:
                inserter.append(piece)
            inserter.finish()
    except (ChdbError, RuntimeError):
        stream.drain()
        raise


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

import contextlib
import io
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from infra.clients.arrow import from_arrow, to_arrow
from infra.clients.clickhouse_sql import TRANSIENT_CODES, bind, error_code, identifier, insert_statement
from infra.clients.frames import Frame, FrameError, receive, receive_header, send_frame, send_header, statement_prefix, widen
from infra.clients.pool import Pool


class EmbeddedAnalytics:
    """The Analytics port on the embedded ClickHouse; safe to share between threads, each request has a connection of its own.

    `unavailable` is raised when the outcome is unknown or the engine is busy (repeat later), `rejected` when the statement or
    the data are wrong. `database` is where unqualified names are looked up; it has to exist.
    """

    def __init__(
        self,
        socket_path: str,
        *,
        unavailable: type[Exception],
        rejected: type[Exception],
        database: str = "autotrader",
        timeout_s: float = 60.0,
    ) -> None:
        self._socket_path = socket_path
        self._unavailable = unavailable
        self._rejected = rejected
        self._database = database
        self._timeout_s = timeout_s
        self._pool: Pool[socket.socket] = Pool(self._connect, socket.socket.close)
        self._types: dict[str, Mapping[str, str]] = {}
        self._types_mutex = threading.Lock()

    def execute(self, sql: str) -> None:
        """Run a statement that returns no rows, such as DDL."""
        self._request(lambda connection: send_frame(connection, Frame.EXECUTE, sql.encode()))

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> dict[str, list[Any]]:
        """Run a SELECT; `{name:Type}` in it is replaced by the parameter. Returns the values by column name."""
        bound = bind(sql, parameters or {}).encode()
        payload = self._request(lambda connection: send_frame(connection, Frame.QUERY, bound))
        if not payload:
            return {}
        with pa.ipc.open_stream(payload) as reader:
            table = reader.read_all()
        return {name: from_arrow(column) for name, column in zip(table.schema.names, table.columns, strict=True)}

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Insert equally long columns as one block; nothing happens if they are empty."""
        if not columns or len(next(iter(columns.values()))) == 0:
            return
        prefix = statement_prefix(insert_statement(table, columns))
        batch = self._batch(table, columns)
        try:
            self._request(lambda connection: _send_insert(connection, prefix, batch))
        except self._rejected:
            # The table may be another one by now.
            self._forget_types(table)
            raise

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def _connect(self) -> socket.socket:
        connection = widen(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        try:
            connection.settimeout(self._timeout_s)
            connection.connect(self._socket_path)
            send_frame(connection, Frame.EXECUTE, f"USE {identifier(self._database)}".encode())
            self._checked(*_receive_answer(connection))
        except BaseException:
            connection.close()
            raise
        return connection

    def _request(self, send: Callable[[socket.socket], None]) -> bytes:
        """Send a request and return the answer's payload; errors of the engine leave the connection usable."""
        try:
            with self._pool.borrow() as connection:
                send(connection)
                answer = _receive_answer(connection)
        except OSError as error:
            message = f"the embedded ClickHouse at {self._socket_path} did not answer: {error or type(error).__name__}"
            raise self._unavailable(message) from error
        return self._checked(*answer)

    def _checked(self, kind: Frame, payload: bytes) -> bytes:
        if kind is not Frame.REJECTED:
            return payload
        message = payload.decode("utf-8", "replace")
        raise (self._unavailable if error_code(message) in TRANSIENT_CODES else self._rejected)(message)

    def _batch(self, table: str, columns: Mapping[str, Sequence[Any]]) -> pa.RecordBatch:
        types = self._column_types(table)
        if columns.keys() - types.keys():
            # A migration may have added the column since the types were asked for.
            self._forget_types(table)
            types = self._column_types(table)
        if unknown := columns.keys() - types.keys():
            raise self._rejected(f"expected columns of {table} ({', '.join(types)}), found {', '.join(sorted(unknown))}")
        try:
            arrays = [to_arrow(values, types[name]) for name, values in columns.items()]
            return pa.RecordBatch.from_arrays(arrays, names=list(columns))
        except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
            raise self._rejected(f"insert into {table}: {error}") from error

    def _column_types(self, table: str) -> Mapping[str, str]:
        """Return the ClickHouse types of the table's columns, asked once."""
        with self._types_mutex:
            known = self._types.get(table)
        if known is None:
            description = self.query(f"DESCRIBE TABLE {identifier(table)}")
            known = dict(zip(description["name"], description["type"], strict=True))
            with self._types_mutex:
                self._types[table] = known
        return known

    def _forget_types(self, table: str) -> None:
        with self._types_mutex, contextlib.suppress(KeyError):
            del self._types[table]


def _receive_answer(connection: socket.socket) -> tuple[Frame, bytes]:
    header = receive_header(connection)
    if header is None:
        raise FrameError("the connection ended before the answer")
    kind, size = header
    return kind, receive(connection, size)


def _send_insert(connection: socket.socket, prefix: bytes, batch: pa.RecordBatch) -> None:
    """Write the batch into the socket without a copy of it in between; a first, dry run measures its size."""
    dry = pa.MockOutputStream()
    _write_stream(dry, batch)
    send_header(connection, Frame.INSERT, len(prefix) + dry.size())
    connection.sendall(prefix)
    _write_stream(pa.PythonFile(_SocketWriter(connection), mode="w"), batch)


def _write_stream(sink: pa.NativeFile, batch: pa.RecordBatch) -> None:
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)


class _SocketWriter(io.RawIOBase):
    """A socket as a file to write to."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connection = connection

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._connection.sendall(data)
        return len(data)

"""A Postgres connection that is opened when it is needed, and again after it broke; the driver's errors are translated here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from projections.ports import StoreRejected, StoreUnavailable, ValueRefused

Connect = Callable[[], psycopg.Connection[Any]]


@contextmanager
def translated() -> Iterator[None]:
    """Raise the driver's errors as ours: what may go well next time, a refused value, anything else that is refused."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreUnavailable(f"Postgres: {str(error).strip() or type(error).__name__}") from error
    except psycopg.DataError as error:
        raise ValueRefused(f"Postgres: {str(error).strip()}") from error
    except psycopg.Error as error:
        raise StoreRejected(f"Postgres: {str(error).strip()}") from error


class Session:
    """The connection of one runner. ``timeout_ms``: how long a statement, or a transaction that nothing is asked of, may last.

    An owner that is frozen in the middle of a transaction holds the lock on its offsets; the server ends it after that time.
    """

    def __init__(self, connect: Connect, prepare: Callable[[psycopg.Cursor[Any]], None], timeout_ms: int) -> None:
        self._connect = connect
        self._prepare = prepare
        self._timeout_ms = timeout_ms
        self._connection: psycopg.Connection[Any] | None = None

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Cursor[Any]]:
        """Give a cursor in a transaction that commits at the end; StoreUnavailable leaves open whether it did."""
        try:
            with translated():
                connection = self._opened()
                with connection.transaction(), connection.cursor() as cursor:
                    yield cursor
        except StoreUnavailable:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection; the next transaction opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()

    def _opened(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            connection = self._connect()
            try:
                with connection.transaction(), connection.cursor() as cursor:
                    for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
                        cursor.execute("SELECT set_config(%s, %s, false)", (name, str(self._timeout_ms)))
                    self._prepare(cursor)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

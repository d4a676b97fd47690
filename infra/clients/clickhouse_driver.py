import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from clickhouse_driver import Client, errors

from infra.clients.clickhouse_sql import TRANSIENT_CODES, bind, datetime64_scale, insert_statement
from infra.clients.pool import Pool

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DriverAnalytics:
    """The Analytics port on a ClickHouse server, by the native protocol; safe to share between threads.

    One client of the driver serves one query at a time, so each request borrows one. `unavailable` is raised when the server
    cannot be reached, is busy, or did not answer (the outcome is unknown then, the driver itself repeats nothing), `rejected`
    when the statement or the data are wrong.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        unavailable: type[Exception],
        rejected: type[Exception],
        database: str = "autotrader",
        user: str = "default",
        password: str = "",
        secure: bool = False,
        connect_timeout_s: float = 5.0,
        timeout_s: float = 60.0,
    ) -> None:
        self._place = f"{host}:{port}"
        self._unavailable = unavailable
        self._rejected = rejected

        def connect() -> Client:
            return Client(
                host,
                port,
                database,
                user,
                password,
                secure=secure,
                connect_timeout=connect_timeout_s,
                send_receive_timeout=timeout_s,
                sync_request_timeout=connect_timeout_s,
            )

        self._pool: Pool[Client] = Pool(connect, Client.disconnect)

    def execute(self, sql: str) -> None:
        """Run a statement that returns no rows, such as DDL."""
        with self._borrow() as client:
            client.execute(sql)

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> dict[str, list[Any]]:
        """Run a SELECT; `{name:Type}` in it is replaced by the parameter. Returns the values by column name."""
        bound = bind(sql, parameters or {})
        with self._borrow() as client:
            columns, types = client.execute(bound, columnar=True, with_column_types=True)
        # For an empty result the driver returns no columns at all, only their types.
        columns = columns or [() for _ in types]
        return {name: _values(values, kind) for values, (name, kind) in zip(columns, types, strict=True)}

    def insert(self, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        """Insert equally long columns as one block; nothing happens if they are empty."""
        if not columns or len(next(iter(columns.values()))) == 0:
            return
        statement = f"{insert_statement(table, columns)} VALUES"
        plain = [_plain(values) for values in columns.values()]
        with self._borrow() as client:
            client.execute(statement, plain, columnar=True)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    @contextmanager
    def _borrow(self) -> Iterator[Client]:
        """Lend a client to the body, and translate the driver's errors."""
        try:
            with self._pool.borrow() as client:
                yield client
        except errors.ServerException as error:
            raise (self._unavailable if error.code in TRANSIENT_CODES else self._rejected)(str(error)) from error
        except (errors.TypeMismatchError, errors.UnknownTypeError, AttributeError, ValueError, TypeError, struct.error) as error:
            # AttributeError: how the driver takes a value that is no date in a column of dates
            raise self._rejected(f"the driver refused the data: {error}") from error
        except (errors.Error, OSError, EOFError) as error:
            raise self._unavailable(f"ClickHouse at {self._place} did not answer: {error or type(error).__name__}") from error


def _plain(values: Sequence[Any]) -> list[Any]:
    """Return a list of Python values: the driver packs NumPy scalars slowly or not at all."""
    to_list: Callable[[], list[Any]] | None = getattr(values, "tolist", None)
    return to_list() if to_list is not None else list(values)


def _values(values: Sequence[Any], type_name: str) -> list[Any]:
    if "DateTime" not in type_name:
        return list(values)
    tick = timedelta(seconds=1) / 10 ** (datetime64_scale(type_name) or 0)
    return [None if value is None else _ticks(value, tick) for value in values]


def _ticks(value: datetime, tick: timedelta) -> int:
    # A column without a zone comes as local time without one; astimezone() takes it for that.
    return round((value.astimezone(UTC) - _EPOCH) / tick)

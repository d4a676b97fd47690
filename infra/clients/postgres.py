from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool, ConnectionPool


def connect(
    dsn: str,
    *,
    application: str,
    connect_timeout_s: float = 5.0,
    statement_timeout_s: float = 30.0,
    autocommit: bool = False,
) -> psycopg.Connection[tuple[Any, ...]]:
    """One connection, that gives up instead of hanging; raises psycopg.OperationalError."""
    arguments = _arguments(application, connect_timeout_s, statement_timeout_s)
    return psycopg.connect(dsn, autocommit=autocommit, **arguments)


def async_pool(
    dsn: str,
    *,
    application: str,
    min_size: int = 1,
    max_size: int = 8,
    connect_timeout_s: float = 5.0,
    statement_timeout_s: float = 30.0,
) -> AsyncConnectionPool[psycopg.AsyncConnection[tuple[Any, ...]]]:
    """Return a pool for an event loop, not yet open: `await pool.open()`, `await pool.close()`.

    A connection is checked before it is lent, so the first request after a restart of the server does not fail for that.
    Waiting for one raises psycopg_pool.PoolTimeout after `connect_timeout_s`.
    """
    return AsyncConnectionPool(
        dsn,
        kwargs={"autocommit": True, **_arguments(application, connect_timeout_s, statement_timeout_s)},
        min_size=min_size,
        max_size=max_size,
        timeout=connect_timeout_s,
        # After this long without a connection the pool would stop trying; it starts again with the next request.
        reconnect_timeout=60.0,
        check=AsyncConnectionPool.check_connection,
        name=application,
        open=False,
    )


def pool(
    dsn: str,
    *,
    application: str,
    min_size: int = 1,
    max_size: int = 8,
    connect_timeout_s: float = 5.0,
    statement_timeout_s: float = 30.0,
) -> ConnectionPool[psycopg.Connection[tuple[Any, ...]]]:
    """Return the same for threads: `pool.open()`, `pool.close()`."""
    return ConnectionPool(
        dsn,
        kwargs={"autocommit": True, **_arguments(application, connect_timeout_s, statement_timeout_s)},
        min_size=min_size,
        max_size=max_size,
        timeout=connect_timeout_s,
        reconnect_timeout=60.0,
        check=ConnectionPool.check_connection,
        name=application,
        open=False,
    )


def _arguments(application: str, connect_timeout_s: float, statement_timeout_s: float) -> dict[str, Any]:
    """Return connection arguments: libpq counts connecting in whole seconds, of at least two."""
    return {
        "application_name": application,
        "connect_timeout": max(2, round(connect_timeout_s)),
        "options": f"-c statement_timeout={round(statement_timeout_s * 1_000)} -c timezone=UTC",
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }

"""The pool of Postgres connections that reads are made on, and how one is asked. The composition root opens and closes the pool."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from projections.ports import StoreRejected, StoreUnavailable

T = TypeVar("T")

Pool = AsyncConnectionPool[AsyncConnection[Any]]


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Times in seconds."""

    min_size: int = 2
    max_size: int = 8
    wait_s: float = 2.0
    """How long a request waits for a connection before it is told that the store is unavailable."""
    waiting_max: int = 256
    statement_timeout_s: float = 2.0
    connect_timeout_s: int = 2
    reconnect_s: float = 1.5
    """How long one attempt to replace a lost connection backs off. Short: the next request starts another, so that a store
    that was gone for an hour is used again at once."""


def read_pool(dsn: str, settings: PoolSettings) -> Pool:
    """Return an unopened pool of read-only, autocommitting connections with a statement timeout."""
    timeout_ms = int(settings.statement_timeout_s * 1000)
    return AsyncConnectionPool(
        dsn,
        min_size=min(settings.min_size, settings.max_size),
        max_size=settings.max_size,
        max_waiting=settings.waiting_max,
        timeout=settings.wait_s,
        reconnect_timeout=settings.reconnect_s,
        open=False,
        name="api",
        kwargs={
            "autocommit": True,
            "connect_timeout": settings.connect_timeout_s,
            "application_name": "autotrader-api",
            "options": f"-c statement_timeout={timeout_ms} -c default_transaction_read_only=on -c timezone=UTC",
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        },
    )


async def ask(pool: Pool, query: Callable[[AsyncConnection[Any]], Awaitable[T]], timeout_s: float) -> T:
    """Return what a query answers; StoreUnavailable where there is no answer in time, or nothing to ask yet.

    A connection that broke while it lay in the pool is no reason to fail: the next one is asked.
    """
    for _ in range(pool.max_size):
        try:
            async with pool.connection() as connection, asyncio.timeout(timeout_s):
                return await query(connection)
        except TimeoutError:
            raise StoreUnavailable(f"expected an answer of Postgres within {timeout_s:g} s") from None
        except (PoolTimeout, PoolClosed, TooManyRequests) as error:
            raise StoreUnavailable(f"expected a connection to Postgres, found none: {error}") from error
        except StoreRejected as error:
            if isinstance(error.__cause__, psycopg.errors.UndefinedTable):
                raise StoreUnavailable(f"expected the read model, found it not built yet: {error}") from error
            raise
        except (StoreUnavailable, psycopg.OperationalError) as error:
            if not connection.broken:
                raise StoreUnavailable(f"expected an answer of Postgres: {error}") from error
    raise StoreUnavailable(f"expected a live connection to Postgres, found {pool.max_size} broken ones")

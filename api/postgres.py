"""The pool of Postgres connections that reads are made on. Built here, opened and closed by the composition root."""

from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

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

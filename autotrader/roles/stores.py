"""Opens the stores of the read side with the product's settings."""

from typing import Any

import psycopg

from infra.clients import postgres
from infra.clients.clickhouse_driver import DriverAnalytics
from infra.clients.clickhouse_embedded import EmbeddedAnalytics
from infra.settings import ClickHouseSettings, PostgresSettings
from projections.ports import Analytics, StoreRejected, StoreUnavailable


def open_analytics(settings: ClickHouseSettings) -> Analytics:
    """Return the analytics store: the embedded ClickHouse, or a server by its native protocol."""
    errors: dict[str, type[Exception]] = {"unavailable": StoreUnavailable, "rejected": StoreRejected}
    if settings.mode == "embedded":
        return EmbeddedAnalytics(settings.socket, database=settings.database, timeout_s=settings.timeout_s, **errors)
    return DriverAnalytics(
        settings.host,
        settings.port,
        database=settings.database,
        user=settings.user,
        password=settings.password.get_secret_value(),
        secure=settings.secure,
        connect_timeout_s=settings.connect_timeout_s,
        timeout_s=settings.timeout_s,
        **errors,
    )


def connect_postgres(settings: PostgresSettings, application: str) -> psycopg.Connection[Any]:
    """Return a connection that gives up instead of hanging; psycopg.OperationalError where there is none to be had."""
    return postgres.connect(
        settings.dsn.get_secret_value(),
        application=application,
        connect_timeout_s=settings.connect_timeout_s,
        statement_timeout_s=settings.statement_timeout_s,
    )

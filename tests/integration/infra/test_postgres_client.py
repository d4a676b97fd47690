import asyncio

import psycopg
import pytest

from infra.clients import postgres
from infra.local.stack import EmbeddedStack

pytestmark = pytest.mark.stack


def test_a_connection_names_itself_and_works_in_utc(stack: EmbeddedStack) -> None:
    with postgres.connect(stack.endpoints().postgres_dsn, application="tester") as connection:
        row = connection.execute("SELECT current_setting('application_name'), current_setting('timezone')").fetchone()

    assert ("tester", "UTC") == row


def test_a_statement_that_takes_too_long_is_cancelled(stack: EmbeddedStack) -> None:
    connection = postgres.connect(stack.endpoints().postgres_dsn, application="tester", statement_timeout_s=0.2)

    with connection, pytest.raises(psycopg.errors.QueryCanceled):
        connection.execute("SELECT pg_sleep(5)")


def test_a_server_that_is_not_there_is_an_operational_error() -> None:
    with pytest.raises(psycopg.OperationalError):
        postgres.connect("postgresql://nobody@127.0.0.1:1/none", application="tester")


def test_a_pool_serves_again_after_the_server_was_killed(stack: EmbeddedStack) -> None:
    async def ask_before_and_after() -> list[object]:
        pool = postgres.async_pool(stack.endpoints().postgres_dsn, application="tester", min_size=2)
        await pool.open(wait=True)
        answers: list[object] = []
        try:
            async with pool.connection() as connection:
                answers.append(await (await connection.execute("SELECT 1")).fetchone())
            stack.kill("postgres")
            stack.start("postgres")
            for _ in range(3):
                async with pool.connection() as connection:
                    answers.append(await (await connection.execute("SELECT 1")).fetchone())
        finally:
            await pool.close()
        return answers

    assert [(1,)] * 4 == asyncio.run(ask_before_and_after())


def test_the_threads_pool_is_the_same(stack: EmbeddedStack) -> None:
    with postgres.pool(stack.endpoints().postgres_dsn, application="tester") as pool, pool.connection() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)

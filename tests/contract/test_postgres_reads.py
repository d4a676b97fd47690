from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from api.ports import RecommendationReads
from api.postgres import PoolSettings, read_pool
from api.stores import PostgresReads
from infra.local.stack import EmbeddedStack
from schemas.events.recommendations import RecommendationMade
from tests.contract.recommendation_reads import Opened, RecommendationReadsContract
from tests.integration.api.stored import prepare, store_in_postgres, versions


@pytest.mark.stack
class TestPostgresReads(RecommendationReadsContract):
    @pytest.fixture
    def opened(self, stack: EmbeddedStack, namespace: str) -> Opened:
        @asynccontextmanager
        async def opened(events: Sequence[RecommendationMade]) -> AsyncIterator[RecommendationReads]:
            read = versions(namespace)
            prepare(stack, read)
            store_in_postgres(stack, read.recommendations, events)
            async with read_pool(stack.endpoints().postgres_dsn, PoolSettings(min_size=1)) as pool:
                yield PostgresReads(pool, recommendations=read.recommendations, symbols=read.symbols)

        return opened

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from api.ports import RecommendationReads
from schemas.events.recommendations import RecommendationMade
from tests.contract.recommendation_reads import Opened, RecommendationReadsContract
from tests.fakes.read_models import MemoryReads


class TestMemoryReads(RecommendationReadsContract):
    @pytest.fixture
    def opened(self) -> Opened:
        @asynccontextmanager
        async def opened(events: Sequence[RecommendationMade]) -> AsyncIterator[RecommendationReads]:
            yield MemoryReads(events)

        return opened

"""The judgement on request: the model in a thread of its own, so that other requests are answered meanwhile."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from api.errors import Unavailable
from api.metrics import ApiMetrics
from api.ports import Recommender
from models.decision import Weights
from schemas.events.recommendations import RecommendationMade
from schemas.events.signals import FeaturesComputed

T = TypeVar("T")


class Engine:
    """Runs the model. Without one, every question is answered by Unavailable."""

    def __init__(self, recommender: Recommender | None, metrics: ApiMetrics, threads: int) -> None:
        self._recommender = recommender
        self._metrics = metrics
        self._threads = CapacityLimiter(threads)

    @property
    def loaded(self) -> Recommender:
        """Return the model; Unavailable where none is loaded."""
        if self._recommender is None:
            raise Unavailable("expected a trained model, found none loaded")
        return self._recommender

    async def recommend(self, features: Sequence[FeaturesComputed], weights: Weights | None) -> list[RecommendationMade]:
        """Return a recommendation for each features event that a model speaks for."""
        recommender = self.loaded

        def judge() -> list[RecommendationMade]:
            made = recommender.recommend(features)
            return list(made) if weights is None else [recommender.reweigh(one, weights) for one in made]

        with self._metrics.generation.time():
            return await self._in_thread(judge)

    async def reweigh(self, recommendations: Sequence[RecommendationMade], weights: Weights) -> list[RecommendationMade]:
        """Return recommendations as a user's weights would have made them."""
        recommender = self.loaded
        return await self._in_thread(lambda: [recommender.reweigh(one, weights) for one in recommendations])

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await to_thread.run_sync(work, limiter=self._threads)

"""The judgement on request: the model in a thread of its own, so that other requests are answered meanwhile."""

from collections.abc import Mapping, Sequence

from api.errors import UnavailableError
from api.metrics import ApiMetrics
from api.threads import Threads
from models.decision import Weights
from models.predictor import Predictor
from models.recommender import Recommender, reweigh
from schemas.events.recommendations import RecommendationMade
from schemas.events.signals import FeaturesComputed
from schemas.values import iso


class Engine:
    """Judges features with the predictor of their interval, and weighs what was judged anew."""

    def __init__(self, predictors: Mapping[str, Predictor], metrics: ApiMetrics, threads: int) -> None:
        self._predictors = predictors
        self._metrics = metrics
        self._threads = Threads(threads, "engine")

    def refusal(self, features: FeaturesComputed) -> str | None:
        """Return why features cannot be judged, None where they can; UnavailableError where no model is loaded at all."""
        if not self._predictors:
            raise UnavailableError("expected a trained model, found none loaded")
        predictor = self._predictors.get(features.interval)
        if predictor is None:
            return f"expected an interval that a model speaks for ({', '.join(self._predictors)}), found {features.interval}"
        if predictor.feature_set != features.feature_set:
            return f"expected the feature set {predictor.feature_set}, found {features.feature_set}"
        if features.as_of <= predictor.trained_until:
            return f"expected a time after the model's training data, which ends at {iso(predictor.trained_until)}"
        return None

    async def recommend(self, features: Sequence[FeaturesComputed], weights: Weights | None) -> list[RecommendationMade]:
        """Return a recommendation for each features event; all of them can be judged."""
        recommender = Recommender(self._predictors, weights or Weights())
        with self._metrics.generation.time():
            return await self._threads.run(lambda: recommender.recommend(features))

    async def reweigh(self, recommendations: Sequence[RecommendationMade], weights: Weights) -> list[RecommendationMade]:
        """Return recommendations as somebody with other weights sees them."""
        return await self._threads.run(lambda: [reweigh(one, weights) for one in recommendations])

"""Features to explained recommendations. Stateless: everything a decision needs is in the features event and the model."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from schemas.codec import Codec
from schemas.events.recommendations import RecommendationMade
from schemas.events.signals import FeaturesComputed
from schemas.headers import cloud_event_headers
from schemas.topics import FEATURES, RECOMMENDATIONS
from streams.dead_letters import DeadLetterOffice
from streams.fold import Emission, InputRecord, Output
from streams.inputs import InputReader, InputSettings, Refusal

AGENT = "recommendations"


class Recommends(Protocol):
    """What makes recommendations of features: models.recommender."""

    def recommend(self, features: Sequence[FeaturesComputed], /) -> Sequence[RecommendationMade]:
        """Return the recommendations for those features that a model may decide on, in their order."""


class RecommendationsFold:
    """Recommends for the features of a chunk at once: the model is called for batches, not for rows."""

    def __init__(self, codec: Codec, recommender: Recommends, partition: int, settings: InputSettings | None = None) -> None:
        self._codec = codec
        self._recommender = recommender
        self._reader = InputReader(codec, {FEATURES: (FeaturesComputed,)}, settings or InputSettings())
        self._letters = DeadLetterOffice(codec, AGENT, partition)
        self._outputs: list[Output] = []
        self._watermark: int | None = None

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """There is no state."""

    def apply(self, topic: str, records: Sequence[InputRecord]) -> None:
        features: list[FeaturesComputed] = []
        for record in records:
            event = self._reader.read(topic, record)
            if isinstance(event, Refusal):
                self._outputs.append(self._letters.letter(topic, record, event.code, event.message))
            elif isinstance(event, FeaturesComputed):
                features.append(event)
        for recommendation in self._recommender.recommend(features):
            headers = cloud_event_headers(recommendation)
            self._outputs.append(Output(RECOMMENDATIONS, recommendation.key(), self._codec.encode(recommendation), headers))
        if features:
            newest = max(event.as_of for event in features)
            self._watermark = newest if self._watermark is None else max(newest, self._watermark)

    def has_outputs(self) -> bool:
        return bool(self._outputs)

    def drain(self) -> Emission:
        outputs, self._outputs = self._outputs, []
        return Emission(outputs)

    def watermark(self) -> int | None:
        return self._watermark

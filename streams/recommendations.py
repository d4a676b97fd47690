"""Features to explained recommendations. Stateless: everything a decision needs is in the features event and the model."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from schemas.codec import Codec
from schemas.events.recommendations import RecommendationMade
from schemas.events.signals import FeaturesComputed
from schemas.headers import event_headers
from schemas.topics import FEATURES, RECOMMENDATIONS
from streams.dead_letters import DeadLetterOffice
from streams.fold import Emission, InputRecord, Output
from streams.inputs import InputReader, InputSettings, Refusal

AGENT = "recommendations"


class Recommends(Protocol):
    """What makes recommendations of features: models.recommender."""

    def recommend_records(self, features: Sequence[Mapping[str, Any]], /) -> Sequence[Mapping[str, Any]]:
        """Return RecommendationMade records for those FeaturesComputed records that a model may decide on, in their order."""


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
        for made in self._recommender.recommend_records([_record(event) for event in features]):
            headers = event_headers(RecommendationMade.TYPE, made["id"], "/autotrader/recommendations", made["decided_at"])
            value = self._codec.encode_record(RecommendationMade.TYPE, made)
            self._outputs.append(Output(RECOMMENDATIONS, made["symbol"].encode(), value, headers))
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


def _record(event: FeaturesComputed) -> dict[str, Any]:
    """Return the event as the codec decodes it; one level deep, without copying what is in it."""
    return {**vars(event), "raw": vars(event.raw), "normalised": vars(event.normalised)}

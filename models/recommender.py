"""Features to explained recommendations, in batches; the same features and model always give the same event."""

from collections import Counter
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from models.decision import Opinion, Weights
from models.features.arrays import Floats
from models.features.layout import FAMILY_COLUMNS
from models.judgement import Basis, Record, decided
from models.predictor import Prediction, Predictor
from models.priors import PRIORS, FamilyModel
from schemas.events.recommendations import FamilyOpinion, HeldBack, Probabilities, RecommendationMade
from schemas.events.signals import FeaturesComputed, FeatureVector
from schemas.features import FEATURE_NAMES
from schemas.ids import derived_id
from schemas.values import interval_us

_VALUES = itemgetter(*FEATURE_NAMES)
_TECHNICAL_COLUMNS = FAMILY_COLUMNS["technical"]
_DAY_US = interval_us("1d")
VALID_INTERVALS = 2
VALID_DAYS = 4
_AS_PLATFORM = Weights()

_DECIDED = ("action", "confidence", "score", "summary", "sentences")


def valid_until(decided_at: int, interval: str) -> int:
    """Return when a recommendation goes stale: after 2 intervals; of daily bars and longer ones after 4 of them.

    Four days, because the bar of a Friday must still stand through the session after a long weekend. No calendar is used.
    """
    length = interval_us(interval)
    return decided_at + (VALID_DAYS if length >= _DAY_US else VALID_INTERVALS) * length


class Recommender:
    """Judges features of the intervals that have a model; ``skipped`` counts what it had to leave, by reason."""

    def __init__(
        self,
        predictors: Mapping[str, Predictor],
        weights: Weights = _AS_PLATFORM,
        families: Sequence[FamilyModel] = PRIORS,
    ) -> None:
        self.skipped: Counter[str] = Counter()
        self._predictors = dict(predictors)
        self._weights = weights
        self._families = tuple(families)

    def recommend(self, features: Sequence[FeaturesComputed]) -> list[RecommendationMade]:
        """Return a recommendation for each of the features that may be judged, in their order."""
        records = [{**vars(one), "raw": vars(one.raw), "normalised": vars(one.normalised)} for one in features]
        return [event_of(record) for record in self.recommend_records(records)]

    def recommend_records(self, features: Sequence[Mapping[str, Any]]) -> list[Record]:
        """Return what ``recommend`` returns, from and to records as the codec decodes and encodes them.

        Left out, and counted in ``skipped``: ``no_model`` (none for that interval), ``other_features`` (the model knows another
        list of features) and ``inside_training`` (the bar ends no later than what the model was trained on).
        """
        by_interval: dict[str, list[int]] = {}
        for place, one in enumerate(features):
            if self._may_judge(one):
                by_interval.setdefault(one["interval"], []).append(place)
        made: dict[int, Record] = {}
        for interval, places in by_interval.items():
            batch = [features[place] for place in places]
            made.update(zip(places, self.judge(interval, batch), strict=True))
        return [made[place] for place in sorted(made)]

    def _may_judge(self, features: Mapping[str, Any]) -> bool:
        predictor = self._predictors.get(features["interval"])
        reason = (
            "no_model"
            if predictor is None
            else "other_features"
            if predictor.feature_set != features["feature_set"]
            else "inside_training"
            if features["as_of"] <= predictor.trained_until
            else None
        )
        if reason is not None:
            self.skipped[reason] += 1
        return reason is None

    def judge(self, interval: str, batch: Sequence[Mapping[str, Any]]) -> list[Record]:
        """Return a recommendation for each record of features of an interval, whenever it is from."""
        predictor = self._predictors[interval]
        raw = np.array([_VALUES(one["raw"]) for one in batch])
        prediction = predictor.predict(np.array([_VALUES(one["normalised"]) for one in batch]))
        said, contributions = self._opinions(prediction, raw, predictor.threshold)
        rows = zip(batch, said, contributions.tolist(), prediction.base.tolist(), prediction.probabilities.tolist(), strict=True)
        return [self._record(predictor, one, opinions, shares, base, odds) for one, opinions, shares, base, odds in rows]

    def _opinions(self, prediction: Prediction, raw: Floats, threshold: float) -> tuple[list[tuple[Opinion, ...]], Floats]:
        """Return each row's opinions, and the contributions of all features; a family's score is the sum of its own."""
        contributions = prediction.contributions.copy()
        # take keeps rows together in memory; an index array does not, and the sum's bits would depend on how many rows there are
        technical = prediction.base + np.add.reduce(contributions.take(_TECHNICAL_COLUMNS, axis=1), axis=1)
        columns = [[Opinion("technical", score, learnt=True, present=True) for score in technical.tolist()]]
        for family in self._families:
            scores, present = family.scores(raw, threshold)
            contributions[:, family.column] = scores
            columns.append(
                [
                    Opinion(family.family, score, family.learnt, bool(there))
                    for score, there in zip(scores.tolist(), present.tolist(), strict=True)
                ]
            )
        return list(zip(*columns, strict=True)), contributions

    def _record(
        self,
        predictor: Predictor,
        features: Mapping[str, Any],
        opinions: tuple[Opinion, ...],
        shares: Sequence[float],
        base: float,
        odds: Sequence[float],
    ) -> Record:
        basis = Basis(
            symbol=features["symbol"],
            interval=features["interval"],
            price=features["price"],
            threshold=predictor.threshold,
            hold=odds[1],
            opinions=opinions,
            raw=features["raw"],
            normalised=features["normalised"],
            contributions=dict(zip(FEATURE_NAMES, shares, strict=True)),
            silent=features["missing"],
            synthetic=features["synthetic"],
        )
        return {
            "id": derived_id(RecommendationMade.TYPE, features["id"], predictor.model_id),
            "symbol": basis.symbol,
            "interval": basis.interval,
            "decided_at": features["available_at"],
            "valid_until": valid_until(features["available_at"], basis.interval),
            "price": basis.price,
            "source": features["source"],
            "model_id": predictor.model_id,
            "features_id": features["id"],
            "feature_set": features["feature_set"],
            "synthetic": basis.synthetic,
            "missing": tuple(basis.silent),
            "threshold": basis.threshold,
            "probabilities": {"sell": odds[0], "hold": odds[1], "buy": odds[2]},
            "base_score": base,
            "raw": basis.raw,
            "normalised": basis.normalised,
            "contributions": basis.contributions,
            **decided(basis, self._weights),
        }


def reweigh(recommendation: RecommendationMade, weights: Weights) -> RecommendationMade:
    """Return the recommendation as somebody with other weights sees it: the same facts, decided and worded anew."""
    basis = Basis(
        symbol=recommendation.symbol,
        interval=recommendation.interval,
        price=recommendation.price,
        threshold=recommendation.threshold,
        hold=recommendation.probabilities.hold,
        opinions=tuple(Opinion(one.name, one.score, one.learnt, one.present) for one in recommendation.families),
        raw=vars(recommendation.raw),
        normalised=vars(recommendation.normalised),
        contributions=vars(recommendation.contributions),
        silent=recommendation.missing,
        synthetic=recommendation.synthetic,
    )
    fields = {**vars(recommendation), **_parts(decided(basis, weights))}
    return RecommendationMade.model_construct(**fields)


def recompute(
    recommendation: RecommendationMade, predictor: Predictor, families: Sequence[FamilyModel] = PRIORS
) -> RecommendationMade:
    """Return the recommendation made again from the features it carries; equal to it where it is what that model says.

    ValueError where the predictor is another model.
    """
    if recommendation.model_id != predictor.model_id:
        raise ValueError(f"expected the model {recommendation.model_id}, found {predictor.model_id}")
    features = {
        **vars(recommendation),
        "id": recommendation.features_id,
        "available_at": recommendation.decided_at,
        "raw": vars(recommendation.raw),
        "normalised": vars(recommendation.normalised),
    }
    weights = Weights(**{one.name: one.weight for one in recommendation.families})
    return event_of(
        Recommender({recommendation.interval: predictor}, weights, families).judge(recommendation.interval, [features])[0]
    )


def event_of(record: Mapping[str, Any]) -> RecommendationMade:
    """Return a record of this module as its event; it is valid by construction, so its rules are not checked again."""
    vectors = {name: FeatureVector.model_construct(**record[name]) for name in ("raw", "normalised", "contributions")}
    probabilities = Probabilities.model_construct(**record["probabilities"])
    return RecommendationMade.model_construct(**{**record, **_parts(record), **vectors, "probabilities": probabilities})


def _parts(record: Mapping[str, Any]) -> Record:
    families = tuple(FamilyOpinion.model_construct(**one) for one in record["families"])
    held_back = tuple(HeldBack.model_construct(**one) for one in record["held_back"])
    return {**{name: record[name] for name in _DECIDED}, "families": families, "held_back": held_back}

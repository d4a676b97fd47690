"""Features in, explained recommendations out."""

import math
import re
from functools import cache

import pytest

from models.decision import Weights
from models.loading import load_predictor
from models.recommender import Recommender, event_of, recompute, reweigh, valid_until
from models.training.dataset import build_dataset
from schemas.codec import Codec
from schemas.events.recommendations import RecommendationMade
from schemas.features import FEATURE_NAMES, FEATURES
from schemas.registry import committed_catalogue
from tests.unit.models.examples import DECIDED_AT, features
from tests.unit.models.series import trending

NEWS = {
    "sentiment_score": 0.6,
    "sentiment_count": 2.0,
    "sentiment_age": 1.5,
    "social_score": -0.4,
    "social_count": 3.0,
    "social_reach": 5.0,
}
DAY = 86_400_000_000


@pytest.fixture(params=["boosted", "linear"])
def predictor(request, artefacts):
    return load_predictor(artefacts, request.getfixturevalue(request.param).id)


@pytest.fixture
def recommender(predictor):
    return Recommender({"1m": predictor})


@cache
def history():
    return build_dataset({"S": trending(400, 9)}, [], "1m")


def varied(count):
    """Features of a market like the one that the models were trained on."""
    data = history()
    return [
        features(
            id=f"features-{row}",
            raw=dict(zip(FEATURE_NAMES, data.raw[row].tolist(), strict=True)) | NEWS,
            normalised=dict(zip(FEATURE_NAMES, data.normalised[row].tolist(), strict=True)) | dict.fromkeys(NEWS, 0.3),
        )
        for row in range(90, 90 + count)
    ]


def test_a_recommendation_is_a_valid_event(recommender):
    for made in recommender.recommend(varied(50)):
        assert RecommendationMade.model_validate(made.model_dump()) == made


def test_contributions_of_a_family_sum_to_its_score_and_families_to_the_score(recommender):
    for made in recommender.recommend(varied(50)):
        contributions = made.contributions.model_dump()
        for family in made.families:
            own = sum(contributions[field.name] for field in FEATURES if field.family == family.name)
            base = made.base_score if family.name == "technical" else 0.0
            assert abs(own + base - family.score) < 1e-9
        assert abs(sum(family.contribution for family in made.families) - made.score) < 1e-9
        assert abs(made.base_score + sum(contributions.values()) - made.score) < 1e-9


def test_the_technical_score_is_the_log_odds_of_the_probabilities(recommender):
    for made in recommender.recommend(varied(50)):
        expected = math.log(made.probabilities.buy / made.probabilities.sell)
        assert abs(made.families[0].score - expected) < 1e-9


def test_every_action_occurs_and_only_a_hold_is_held_back(recommender):
    made = recommender.recommend(varied(300))

    assert {one.action for one in made} == {"BUY", "SELL", "HOLD"}
    assert all((one.action == "HOLD") == bool(one.held_back) for one in made)


def test_the_same_features_and_model_give_the_same_event(recommender, predictor):
    batch = varied(40)
    together = recommender.recommend(batch)
    alone = [Recommender({"1m": predictor}).recommend([one])[0] for one in batch]

    assert together == alone
    assert len({one.id for one in together}) == 40


def test_records_and_events_say_the_same(recommender):
    batch = varied(20)
    records = recommender.recommend_records([one.model_dump() for one in batch])

    assert [event_of(record) for record in records] == recommender.recommend(batch)
    assert [RecommendationMade.model_validate(record) for record in records] == recommender.recommend(batch)


def test_a_recommendation_can_be_computed_again_from_what_it_carries(recommender, predictor):
    for made in recommender.recommend(varied(40)):
        assert recompute(made, predictor) == made
        assert recompute(RecommendationMade.model_validate(made.model_dump()), predictor) == made


def test_a_recommendation_that_was_changed_is_not_what_is_computed_again(recommender, predictor):
    made = recommender.recommend(varied(1))[0]

    assert recompute(made.model_copy(update={"score": made.score + 0.01}), predictor) != made.model_copy(
        update={"score": made.score + 0.01}
    )


def test_computing_again_with_another_model_is_refused(recommender, predictor):
    made = recommender.recommend(varied(1))[0].model_copy(update={"model_id": "f" * 64})

    with pytest.raises(ValueError, match="expected the model ffff"):
        recompute(made, predictor)


def test_weighing_as_the_platform_changes_nothing(recommender):
    for made in recommender.recommend(varied(40)):
        assert reweigh(made, Weights()) == made


def test_own_weights_decide_anew_from_the_same_facts(recommender):
    made = next(one for one in recommender.recommend(varied(300)) if one.action == "BUY")
    silent = reweigh(made, Weights(technical=0.0))
    loud = reweigh(made, Weights(technical=3.0, sentiment=0.5))

    assert silent.action == "HOLD"
    assert silent.families[0].contribution == 0.0
    assert (silent.id, silent.raw, silent.contributions) == (made.id, made.raw, made.contributions)
    assert abs(loud.score - (3 * made.families[0].score + 0.5 * made.families[1].score + made.families[2].score)) < 1e-12
    assert "x 3" in " ".join(loud.sentences)
    assert RecommendationMade.model_validate(loud.model_dump()) == loud


def test_a_stream_with_own_weights_is_the_reweighed_one(predictor):
    batch = varied(30)
    weights = Weights(0.7, 2.0, 0.0)
    as_platform = Recommender({"1m": predictor}).recommend(batch)

    assert Recommender({"1m": predictor}, weights).recommend(batch) == [reweigh(one, weights) for one in as_platform]


def test_features_inside_the_training_range_are_left_and_counted(recommender, predictor):
    inside = features(as_of=predictor.trained_until)
    after = features(as_of=predictor.trained_until + 1)

    assert len(recommender.recommend([inside, after])) == 1
    assert recommender.skipped == {"inside_training": 1}


def test_an_interval_without_model_and_another_feature_list_are_left_and_counted(recommender):
    made = recommender.recommend([features(interval="1h"), features(feature_set="fs0"), features()])

    assert len(made) == 1
    assert recommender.skipped == {"no_model": 1, "other_features": 1}


def test_unknown_features_hold_and_are_named(recommender):
    unknown = dict.fromkeys(("rsi_14", "macd", "atr_14", "return_60", "volatility_60"), math.nan)
    (made,) = recommender.recommend([features(raw=unknown, normalised=unknown)])

    assert made.action == "HOLD"
    assert made.held_back[0].reason == "missing_data"
    assert "Missing: rsi_14, macd, atr_14, return_60, volatility_60." in made.sentences
    assert not any("nan" in sentence for sentence in (*made.sentences, made.summary))


def test_every_explanation_says_that_the_priors_are_not_learnt(recommender):
    for one in (features(raw=NEWS), features(raw=dict.fromkeys(NEWS, math.nan))):
        text = " ".join(recommender.recommend([one])[0].sentences)
        assert text.count("a documented prior, not learnt from data") == 2


def test_silent_inputs_and_synthetic_ones_are_named(recommender):
    (made,) = recommender.recommend([features(missing=("idle/market.news",), synthetic=True)])

    assert made.missing == ("idle/market.news",)
    assert any("idle/market.news" in sentence for sentence in made.sentences)
    assert any(sentence.startswith("Synthetic news or posts") for sentence in made.sentences)


def test_a_sentence_quotes_the_value_its_direction_and_its_contribution(recommender):
    batch = [one.model_copy(update={"raw": one.raw.model_copy(update={"rsi_14": 28.4})}) for one in varied(300)]
    sentences = [(made, one) for made in recommender.recommend(batch) for one in made.sentences if one.startswith("RSI")]
    found = re.compile(r"RSI 14 at 28\.4 \(oversold\) pushes towards (BUY|SELL) \(([+-]\d\.\d{3})\)\.")

    assert sentences
    for made, sentence in sentences:
        match = found.fullmatch(sentence)
        assert match is not None
        assert match[2] == f"{made.contributions.rsi_14:+.3f}"
        assert (match[1] == "BUY") == (made.contributions.rsi_14 > 0)


def test_daily_recommendations_outlast_a_long_weekend_and_minutes_do_not():
    assert valid_until(DECIDED_AT, "1m") == DECIDED_AT + 2 * 60_000_000
    assert valid_until(DECIDED_AT, "1d") == DECIDED_AT + 4 * DAY


def test_records_pass_the_wire_unchanged(recommender):
    codec = Codec(committed_catalogue())
    batch = [codec.decode_record(codec.encode(one))[1] for one in varied(10)]

    for record in recommender.recommend_records(batch):
        assert codec.decode(codec.encode_record(RecommendationMade.TYPE, record)) == event_of(record)

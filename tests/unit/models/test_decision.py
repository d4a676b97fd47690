"""Late fusion."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.decision import Opinion, Weights, decide

WEIGHTS = Weights()


def said(technical=0.0, sentiment=0.0, social=0.0):
    return (
        Opinion("technical", technical, learnt=True, present=True),
        Opinion("sentiment", sentiment, learnt=False, present=True),
        Opinion("social", social, learnt=False, present=True),
    )


def decided(opinions, weights=WEIGHTS, missing=(), **changes):
    return decide(opinions, weights, **({"threshold": 0.2, "hold": 0.4} | changes), missing=missing, known=18 - len(missing))


def test_a_score_above_the_threshold_buys_and_its_negative_sells():
    assert decided(said(0.3)).action == "BUY"
    assert decided(said(-0.3)).action == "SELL"


def test_a_score_on_the_threshold_holds():
    assert decided(said(0.2)).action == decided(said(-0.2)).action == "HOLD"


def test_the_confidence_of_technical_alone_is_its_own_probability():
    sell, hold, buy = 0.2, 0.4, 0.4
    found = decided(said(math.log(buy / sell)), hold=hold)

    assert abs(found.confidence - buy) < 1e-12
    assert abs(decided(said(-math.log(buy / sell)), hold=hold).confidence - buy) < 1e-12


def test_the_confidence_of_hold_is_the_models_probability_of_hold():
    assert decided(said(0.1), hold=0.37).confidence == 0.37


def test_contributions_are_weights_times_scores_and_sum_to_the_score():
    found = decided(said(0.3, -0.1, 0.2), Weights(1.0, 2.0, 0.5))

    assert found.contributions == (0.3, -0.2, 0.1)
    assert found.score == sum(found.contributions)


def test_a_weight_of_zero_silences_a_family():
    assert decided(said(0.3, -0.2)).action == "HOLD"
    assert decided(said(0.3, -0.2), Weights(sentiment=0.0)).action == "BUY"


def test_a_hold_below_the_threshold_says_so():
    (held,) = decided(said(0.1)).held_back

    assert held.reason == "threshold"
    assert "+0.100" in held.detail
    assert "0.200 that a BUY needs" in held.detail


def test_a_hold_of_families_that_cancel_each_other_says_so():
    (held,) = decided(said(0.3, -0.2)).held_back

    assert held.reason == "disagreement"
    assert "0.300 towards BUY and 0.200 towards SELL leave +0.100" in held.detail


def test_too_many_unknown_features_hold_however_sure_the_rest_is():
    found = decided(said(3.0), missing=("a", "b", "c", "d", "e"))

    assert found.action == "HOLD"
    assert [held.reason for held in found.held_back] == ["missing_data"]
    assert "5 of 18" in found.held_back[0].detail
    assert decided(said(3.0), missing=("a", "b", "c", "d")).action == "BUY"


@pytest.mark.parametrize("weight", [-0.1, 5.1, math.nan, math.inf])
def test_a_weight_out_of_range_is_refused(weight):
    with pytest.raises(ValueError, match="expected a sentiment weight from 0 to 5"):
        Weights(sentiment=weight)


@given(*[st.floats(-5, 5)] * 3, *[st.floats(0, 5)] * 3, st.floats(0.001, 3), st.floats(0, 1))
def test_a_decision_is_coherent_whatever_is_said(technical, sentiment, social, one, two, three, threshold, hold):
    found = decided(said(technical, sentiment, social), Weights(one, two, three), threshold=threshold, hold=hold)

    assert 0.0 <= found.confidence <= 1.0
    assert (found.action == "HOLD") == bool(found.held_back) == (abs(found.score) <= threshold)
    assert found.action == "HOLD" or (found.action == "BUY") == (found.score > 0)

"""Families that are not learnt."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.features.layout import COLUMN, FEATURE_COUNT
from models.priors import NEWS_PRIOR, PRIORS, SOCIAL_PRIOR


def row(**values):
    raw = np.full((1, FEATURE_COUNT), np.nan)
    for name, value in values.items():
        raw[0, COLUMN[name]] = value
    return raw


def test_a_prior_says_that_it_is_not_learnt():
    assert [(prior.family, prior.learnt) for prior in PRIORS] == [("sentiment", False), ("social", False)]


def test_one_fresh_item_speaks_with_half_the_voice():
    scores, present = NEWS_PRIOR.scores(row(sentiment_score=1.0, sentiment_count=1.0), 0.5)

    assert abs(scores[0] - 0.6 * 0.5 * 0.5) < 1e-12
    assert present[0] == 1.0


def test_without_items_there_is_no_opinion():
    scores, present = NEWS_PRIOR.scores(row(sentiment_score=math.nan, sentiment_count=0.0), 0.5)

    assert (scores[0], present[0]) == (0.0, 0.0)


@given(st.floats(-1, 1), st.floats(0, 1e6), st.floats(-1, 1), st.floats(0, 1e6), st.floats(1e-6, 10))
def test_priors_together_never_pass_the_threshold_alone(news, items, posts, count, threshold):
    raw = row(sentiment_score=news, sentiment_count=items, social_score=posts, social_count=count)
    total = sum(prior.scores(raw, threshold)[0][0] for prior in (NEWS_PRIOR, SOCIAL_PRIOR))

    assert abs(total) < threshold


@pytest.mark.parametrize("prior", PRIORS)
def test_good_news_push_towards_buy(prior):
    raw = row(sentiment_score=0.5, sentiment_count=3.0, social_score=0.5, social_count=3.0)

    assert prior.scores(raw, 0.5)[0][0] > 0.0


def test_at_full_strength_news_reach_six_tenths_of_the_threshold_and_posts_three():
    raw = row(sentiment_score=1.0, sentiment_count=60.0, social_score=-1.0, social_count=60.0)

    assert abs(NEWS_PRIOR.scores(raw, 0.5)[0][0] - 0.30) < 1e-9
    assert abs(SOCIAL_PRIOR.scores(raw, 0.5)[0][0] + 0.15) < 1e-9

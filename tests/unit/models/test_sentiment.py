"""Sentiment of financial text. The sentences are our own: they check rules, they are no measure of quality."""

import pytest
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from models.sentiment import LexiconError, LexiconScorer, read_lexicon

GOOD = [
    "Acme beats earnings estimates, raises guidance",
    "Acme announces $2 billion share buyback",
    "Analyst upgrades Acme to overweight",
    "Net loss narrowed to $3 million",
    "Operating profit rose to 13.1 million from 8.7 million",
    "Regulator grants approval for new drug",
    "Costs fall as plant runs at full load",
    "Estimates were not missed",
    "Shares hit an all-time high",
]
BAD = [
    "Acme misses estimates and cuts guidance",
    "Acme files for bankruptcy",
    "Analyst downgrades Acme to sell",
    "Lawsuit alleges accounting fraud",
    "Carmaker recalls 200,000 vehicles",
    "Profit fell 12% in the quarter",
    "Costs rise faster than expected",
    "Board proposes dividend cut",
    "Revenue did not grow this year",
    "Shares plunge as regulator opens probe",
]
NEUTRAL = [
    "Acme to report third-quarter results on Thursday",
    "Debt issuance of 500 million shares completed",
    "Liabilities and gross assets are listed in the annual filing",
    "Acme names vice president of securities",
    "",
]


@pytest.fixture(scope="module")
def scorer():
    return LexiconScorer()


@pytest.mark.parametrize("text", GOOD)
def test_good_news_score_above_zero(scorer, text):
    assert scorer.score(text) > 0.2


@pytest.mark.parametrize("text", BAD)
def test_bad_news_score_below_zero(scorer, text):
    assert scorer.score(text) < -0.2


@pytest.mark.parametrize("text", NEUTRAL)
def test_words_that_mean_nothing_in_finance_say_nothing(scorer, text):
    assert scorer.score(text) == 0.0


def test_plain_vader_gets_several_of_them_wrong():
    plain = SentimentIntensityAnalyzer()
    wrong = [text for text in GOOD if plain.polarity_scores(text)["compound"] <= 0.05]
    wrong += [text for text in BAD if plain.polarity_scores(text)["compound"] >= -0.05]
    wrong += [text for text in NEUTRAL if abs(plain.polarity_scores(text)["compound"]) > 0.05]

    assert len(wrong) >= 10


def test_scores_stay_in_range_and_are_the_same_each_time(scorer):
    text = "fraud bankruptcy lawsuit plunge " * 40

    assert scorer.score(text) == LexiconScorer().score(text)
    assert -1.0 <= scorer.score(text) < -0.95


def test_own_words_leave_other_scorers_alone(scorer):
    scorer.score("anything")

    assert SentimentIntensityAnalyzer().lexicon["debt"] == -1.5


def test_a_lexicon_of_ones_own_decides():
    lexicon = read_lexicon(iter(["# comment", "word\twidget\t-2.5", "neutral\tgood", "phrase\tbig deal\t3.0"]))
    own = LexiconScorer(lexicon)

    assert own.score("widget") < -0.4
    assert own.score("good") == 0.0
    assert own.score("a big deal") > 0.5


@pytest.mark.parametrize("line", ["word\tonly", "verb\tx\t1", "neutral\ta\tb"])
def test_a_line_that_cannot_be_read_is_named(line):
    with pytest.raises(LexiconError, match="line 2"):
        read_lexicon(iter(["# comment", line]))

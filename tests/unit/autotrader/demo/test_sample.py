"""The committed sample of news and posts says of itself that it is made up, in every line of it."""

import json
import re
from importlib.resources import files

import pytest

from autotrader.demo.recordings import read_story
from autotrader.demo.training import DAILY_UNTIL
from schemas.events.market import NewsPublished, SocialPostPublished
from tests.builders import codec

KINDS = {"news": NewsPublished, "social": SocialPostPublished}
STOCKS = {"AAPL", "FB", "GOOG", "IBM", "MSFT"}


def lines(kind):
    return [json.loads(line) for line in (files("autotrader.demo") / "sample" / f"{kind}.jsonl").read_text().splitlines()]


def events(kind):
    story = read_story(codec())
    return story.news if kind == "news" else story.posts


@pytest.mark.parametrize("kind", KINDS)
def test_every_line_is_a_valid_event_marked_synthetic(kind):
    found = events(kind)

    assert len(found) == len(lines(kind)) > 100
    assert all(isinstance(event, KINDS[kind]) and event.synthetic for event in found)
    assert {row["source"] for row in lines(kind)} == {"synthetic-sample"}
    assert len({event.id for event in found}) == len(found)


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_begins_with_what_it_is(kind):
    for row in lines(kind):
        for name in {"headline", "summary", "text"} & row.keys():
            assert row[name].startswith("[synthetic] ")


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_about_the_replayed_stocks_in_the_replayed_years(kind):
    found = events(kind)

    assert {event.symbol for event in found} == STOCKS
    assert [event.available_at for event in found] == sorted(event.available_at for event in found)
    assert all(event.published_at <= event.available_at for event in found)
    assert sum(event.available_at > DAILY_UNTIL for event in found) > len(found) / 2


def test_nothing_in_it_names_a_person_a_product_or_a_date():
    """All words are lower case but the first of a sentence and the symbols: names have no place to be."""
    for kind in KINDS:
        for row in lines(kind):
            for name in {"headline", "summary", "text"} & row.keys():
                text = row[name].removeprefix("[synthetic] ").removeprefix(f"{row['symbol']}: ")
                words = re.findall(r"[A-Z]\w+", re.sub(r"(^|[.!?] )[A-Z]", "", text))
                assert set(words) <= STOCKS, text
                assert not re.search(r"\d", text), text

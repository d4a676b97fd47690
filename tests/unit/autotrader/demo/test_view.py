import io
import json

from rich.console import Console

from autotrader.demo.feeding import LaneState
from autotrader.demo.figures import Timing, figures
from autotrader.demo.latest import Latest
from autotrader.demo.outlets import JsonLines, Lines
from autotrader.demo.plan import HELD_BACK, LOOP_SOURCE
from autotrader.demo.screen import render
from autotrader.demo.totals import Counting
from autotrader.demo.view import View
from schemas.topics import TICKS
from schemas.values import iso
from tests.builders import MINUTE, T0, clock, codec, tick

CODEC = codec()


def latest(**changes):
    values = {
        "id": "1",
        "symbol": "ES",
        "interval": "1m",
        "decided_at": T0,
        "valid_until": T0 + 2 * MINUTE,
        "action": "BUY",
        "confidence": 0.61,
        "score": 0.4,
        "price": 1_640.25,
        "summary": "BUY ES with 61% confidence: the trend is up.",
        "synthetic": False,
        "source": "recorded",
    }
    return Latest(**{**values, **changes})


def view(one=None, **changes):
    shown = one or latest()
    values = {
        "api_url": "http://127.0.0.1:1",
        "series": [("ES", "1m"), ("AAPL", "1d")],
        "latest": {(shown.symbol, shown.interval): shown},
        "counts": {"ticks": 1_234, "clocks": 5, "dead_letters": 0},
        "lanes": {"futures": LaneState(HELD_BACK, T0 + MINUTE)},
        "lane_of": {"ES": "futures"},
    }
    return View(**{**values, **changes})


def drawn(given, width=160):
    out = io.StringIO()
    Console(file=out, width=width).print(render(given))
    return out.getvalue()


def test_an_answer_of_the_api_is_read_as_it_is():
    one = latest()
    answer = {name: getattr(one, name) for name in Latest.__slots__} | {
        "decided_at": iso(one.decided_at),
        "valid_until": iso(one.valid_until),
        "explanation": {"summary": one.summary},
        "stale": True,
    }
    del answer["summary"]

    assert Latest.of(answer) == one


def test_what_is_valid_in_the_time_of_its_own_lane_is_not_stale():
    assert view().marks(latest()) == []
    assert view(lanes={"futures": LaneState(HELD_BACK, T0 + 2 * MINUTE)}).marks(latest()) == ["stale"]


def test_synthetic_inputs_and_repetitions_are_marked():
    assert view().marks(latest(synthetic=True, source=LOOP_SOURCE)) == ["synthetic news", "demo-loop"]


def test_the_screen_says_where_the_api_is_what_was_decided_and_why():
    text = drawn(view(latest(synthetic=True)))

    for part in (
        "http://127.0.0.1:1",
        "http://127.0.0.1:1/docs",
        "BUY",
        "61%",
        "1,640.25",
        "the trend is up",
        "synthetic news",
        "1,234 ticks",
    ):
        assert part in text


def test_the_screen_promises_nothing():
    text = " ".join(drawn(view()).split())

    assert "Nothing here is advice, and nothing promises profit" in text
    assert "not trained on" in text


def test_without_recommendations_the_screen_says_that_they_are_coming():
    assert "on its way" in drawn(view(latest={}))


def test_trouble_stands_on_the_screen():
    assert "the API does not answer" in drawn(view(trouble="the API does not answer"))


def test_a_view_is_one_json_object():
    record = json.loads(json.dumps(view().to_record()))

    assert record["docs_url"] == "http://127.0.0.1:1/docs"
    assert record["ticks"] == 1_234
    assert record["feeds"] == {"futures": {"telling": "held-back part", "at": iso(T0 + MINUTE)}}
    assert record["latest"][0]["summary"].startswith("BUY ES")


def test_lines_tell_each_recommendation_once():
    out = io.StringIO()
    with Lines(out) as lines:
        for shown in (latest(), latest(), latest(id="2", action="SELL")):
            lines.show(view(shown))
    told = [line for line in out.getvalue().splitlines() if " ES " in line]

    assert [line.split()[3] for line in told] == ["BUY", "SELL"]


def test_lines_are_not_more_than_somebody_can_read():
    out = io.StringIO()
    with Lines(out, lines_per_s=5) as lines:
        for number in range(100):
            lines.show(view(latest(id=str(number))))

    assert sum(" ES " in line for line in out.getvalue().splitlines()) <= 6


def test_lines_tell_trouble_and_its_end():
    out = io.StringIO()
    with Lines(out) as lines:
        for trouble in ("", "no answer", "no answer", ""):
            lines.show(view(trouble=trouble))

    assert out.getvalue().count("waiting: no answer") == 1
    assert out.getvalue().count("all is well again") == 1


def test_json_lines_come_once_a_second():
    out = io.StringIO()
    with JsonLines(out) as lines:
        lines.show(view())
        lines.show(view())

    assert len(out.getvalue().splitlines()) == 1


def test_figures_are_topic_totals_and_times_since_all_was_fit():
    counting = Counting(CODEC)
    counting.add(TICKS, [CODEC.encode(tick()), CODEC.encode(clock(T0))])
    counting.counts.first_recommendation_s = 112.5
    found = figures(counting.counts, Timing(100.0, 110.0, 7.0, 130.0), "http://a", {"1d": "m"}, resumed=False)

    assert (found["ticks"], found["clocks"], found["bars"]) == (1, 1, 0)
    assert found["by_action"] == {"BUY": 0, "SELL": 0, "HOLD": 0}
    assert (found["first_recommendation_s"], found["training_s"], found["total_s"]) == (2.5, 7.0, 30.0)
    assert (found["api_url"], found["docs_url"]) == ("http://a", "http://a/docs")
    assert found["resumed"] is False


def test_without_a_recommendation_there_is_no_first_one():
    assert figures(Counting(CODEC).counts, Timing(0, 0, 0, 0), "", {}, resumed=True)["first_recommendation_s"] is None

from autotrader.demo.totals import Counting, Counts
from schemas.events.market import ClockAdvanced, Tick
from schemas.events.recommendations import RecommendationMade
from schemas.samples import samples
from schemas.topics import NEWS, RECOMMENDATIONS, TICKS
from tests.builders import T0, clock, codec, tick

CODEC = codec()


def counting():
    return Counting(CODEC)


def recommendation(action="BUY", summary="why", sentences=("a sentence",)):
    made = next(event for event in samples() if isinstance(event, RecommendationMade))
    return CODEC.encode(made.model_copy(update={"action": action, "summary": summary, "sentences": sentences}))


def test_ticks_and_clocks_of_one_topic_are_counted_apart():
    found = counting()

    found.add(TICKS, [CODEC.encode(tick(sequence=n)) for n in range(3)] + [CODEC.encode(clock(T0))])

    assert found.counts.of(TICKS, Tick.TYPE) == 3
    assert found.counts.of(TICKS, ClockAdvanced.TYPE) == 1
    assert found.counts.of(TICKS) == 4


def test_what_is_no_event_counts_as_a_record_only():
    found = counting()

    found.add(TICKS, [None, b"", b"{}", b"\x00\x7f\xff\xff\xff rest"])

    assert found.counts.of(TICKS) == 4
    assert found.counts.of(TICKS, Tick.TYPE) == 0


def test_recommendations_are_counted_by_action_and_by_whether_they_explain_themselves():
    found = counting()

    found.add(RECOMMENDATIONS, [recommendation("BUY"), recommendation("HOLD", summary=""), recommendation("HOLD", sentences=())])

    assert found.counts.actions == {"BUY": 1, "HOLD": 2}
    assert found.counts.explained == 1
    assert found.counts.first_recommendation_s is not None


def test_declared_silence_is_counted():
    found = counting()

    found.add(NEWS, [CODEC.encode(clock(T0)), CODEC.encode(clock(T0, reason="idle", source="idle/market.news"))])

    assert found.counts.idle_clocks == 1


def test_counts_of_different_topics_add_up():
    one, other = counting(), counting()
    one.add(TICKS, [CODEC.encode(tick())])
    other.add(RECOMMENDATIONS, [recommendation("SELL")])

    both = Counts() | one.counts | other.counts

    assert both.of(TICKS) == 1
    assert both.actions == {"SELL": 1}
    assert both.first_recommendation_s == other.counts.first_recommendation_s

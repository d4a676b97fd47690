"""The features agent: what it decides depends on the logs alone, not on how they are cut, interleaved or resumed."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events.signals import FeaturesComputed
from schemas.topics import ACTIONS, BARS, NEWS, SOCIAL
from streams.features.fold import FeaturesFold
from streams.fold import Output
from tests.builders import MINUTE, T0, Record, bar, clock, codec, news, post, record, split

CODEC = codec()
SIDES = (ACTIONS, NEWS, SOCIAL)
FAR = T0 + 10_000 * MINUTE


class WordCount:
    """A scorer whose result a test can foresee."""

    name = "word-count"

    def score(self, text: str) -> float:
        return 1.0 if "great" in text or "beats" in text else -1.0


def fold() -> FeaturesFold:
    return FeaturesFold(CODEC, WordCount(), 0, ("1m",))


def told_everything(agent: FeaturesFold) -> None:
    for topic in SIDES:
        agent.apply(topic, [record(clock(FAR), 999)])


def features(outputs: Sequence[Output]) -> list[FeaturesComputed]:
    events = [CODEC.decode(output.value) for output in outputs]
    return [event for event in events if isinstance(event, FeaturesComputed)]


def test_a_bar_waits_until_every_other_input_has_told_how_far_it_is() -> None:
    agent = fold()
    agent.apply(BARS, [record(bar(), 0)])
    for topic in SIDES:
        assert not agent.drain().outputs
        agent.apply(topic, [record(clock(T0 + MINUTE), 0)])

    assert 1 == len(features(agent.drain().outputs))


def test_news_available_at_the_time_of_the_decision_counts_and_later_news_does_not() -> None:
    agent = fold()
    agent.apply(NEWS, [record(news(T0 + MINUTE), 0), record(news(T0 + MINUTE + 1, id="late", headline="awful"), 1)])
    told_everything(agent)
    agent.apply(BARS, [record(bar(), 0)])

    [made] = features(agent.drain().outputs)

    assert 1.0 == made.raw.sentiment_score
    assert (f"news-{T0 + MINUTE}",) == made.inputs


def test_news_that_arrives_behind_its_topics_clock_counts_from_the_clock_on() -> None:
    agent = fold()
    for topic in SIDES:
        agent.apply(topic, [record(clock(T0 + MINUTE), 0)])
    agent.apply(NEWS, [record(news(T0), 1)])
    agent.apply(BARS, [record(bar(), 0)])

    [made] = features(agent.drain().outputs)

    assert made.inputs == ()


def test_no_split_looks_like_a_crash() -> None:
    agent = fold()
    agent.apply(ACTIONS, [record(split(T0 + 30 * MINUTE), 0)])
    told_everything(agent)
    closes = [100.0] * 30 + [50.0] * 30
    agent.apply(BARS, [record(bar(start=T0 + i * MINUTE, close=close), i) for i, close in enumerate(closes)])

    made = features(agent.drain().outputs)

    assert all(abs(one.raw.return_1) < 1e-12 for one in made[1:])
    assert [f"split-{T0 + 30 * MINUTE}"] == [name for one in made for name in one.inputs]


def test_a_silent_input_is_declared_idle_by_an_event_and_named_as_missing() -> None:
    agent = fold()
    agent.apply(BARS, [record(bar(), 0)])
    for topic in (ACTIONS, NEWS):
        agent.apply(topic, [record(clock(FAR), 0)])
    assert {SOCIAL: T0 + MINUTE} == agent.waiting_for()

    agent.declare_idle(SOCIAL, T0 + MINUTE)
    [declared] = agent.drain().outputs
    assert (SOCIAL, 0) == (declared.topic, declared.partition)
    agent.apply(SOCIAL, [Record(declared.key, declared.value, 0)])
    [made] = features(agent.drain().outputs)

    assert "social" in made.missing
    assert "news" not in made.missing


def test_a_replay_of_the_log_names_the_same_silence_though_the_source_has_spoken_since() -> None:
    agent = fold()
    idle = clock(T0 + MINUTE, source="idle/market.social", reason="idle", symbols=("ES",))
    agent.apply(SOCIAL, [record(idle, 0), record(clock(FAR), 1)])
    for topic in (ACTIONS, NEWS):
        agent.apply(topic, [record(clock(FAR), 0)])
    agent.apply(BARS, [record(bar(), 0), record(bar(start=T0 + MINUTE), 1)])

    first, second = features(agent.drain().outputs)

    assert "social" in first.missing
    assert "social" not in second.missing


def test_a_correction_of_a_folded_bar_makes_no_second_features() -> None:
    agent = fold()
    told_everything(agent)
    agent.apply(BARS, [record(bar(), 0), record(bar(revision=1, close=101.0), 1)])

    assert 1 == len(features(agent.drain().outputs))
    assert 1 == agent.skipped_bars


def test_bars_of_other_intervals_are_left_to_others() -> None:
    agent = fold()
    told_everything(agent)
    agent.apply(BARS, [record(bar(interval="5m"), 0)])

    assert not agent.drain().outputs


def test_what_cannot_be_read_becomes_a_dead_letter_and_stops_nothing() -> None:
    agent = fold()
    told_everything(agent)
    wrong_key = record(bar(), 1, key=b"AAPL")
    wrong_type = record(news(T0), 2)
    agent.apply(BARS, [Record(b"ES", b"junk", 0), wrong_key, wrong_type, record(bar(), 3)])

    codes = [
        letter.code for output in agent.drain().outputs if (letter := CODEC.decode(output.value)).TYPE == "operations.dead_letter"
    ]

    assert ["undecodable", "bad_value", "bad_value"] == codes


SYMBOLS = ("ES", "NQ")


@st.composite
def logs(draw: st.DrawFn) -> dict[str, list[Record]]:
    """Return a log for each input topic: random events of two symbols with random clocks, told to the end."""
    count = draw(st.integers(2, 12))
    bars = [
        record(bar(symbol=s, start=T0 + i * MINUTE, close=100.0 + draw(st.integers(-5, 5))), 0)
        for i in range(count)
        for s in SYMBOLS
    ]
    made: dict[str, list[Record]] = {BARS: bars}
    for topic in SIDES:
        events = []
        for number in range(draw(st.integers(0, 8))):
            at = T0 + draw(st.integers(0, count)) * MINUTE + draw(st.integers(-1, 1))
            symbol = draw(st.sampled_from(SYMBOLS))
            kind = draw(st.sampled_from(("event", "clock", "idle")))
            if kind == "clock":
                events.append(clock(at))
            elif kind == "idle":
                events.append(clock(at, source=f"idle/{topic}", reason="idle", symbols=(symbol,)))
            elif topic == ACTIONS:
                events.append(split(at, 2.0, symbol=symbol, id=f"a{number}", available_at=at))
            elif topic == NEWS:
                events.append(news(at, symbol=symbol, id=f"n{number}"))
            else:
                events.append(post(at, symbol=symbol, id=f"p{number}"))
        made[topic] = [record(event, 0) for event in [*events, clock(FAR)]]
    return {topic: [Record(r.key, r.value, i, headers=r.headers) for i, r in enumerate(log)] for topic, log in made.items()}


def whole(log: dict[str, list[Record]]) -> dict[str, bytes]:
    """Return the features by id of a run that reads each log at once, side topics first."""
    agent = fold()
    for topic in (*SIDES, BARS):
        agent.apply(topic, log[topic])
    return {made.id: output.value for output in agent.drain().outputs for made in features([output])}


@settings(max_examples=60, deadline=None)
@given(log=logs(), data=st.data())
def test_interleaving_cutting_and_resuming_change_no_byte(log: dict[str, list[Record]], data: st.DataObject) -> None:
    expected = whole(log)
    agent = fold()
    state: dict[bytes, bytes] = {}
    made: dict[str, bytes] = {}
    at = dict.fromkeys(log, 0)
    while any(at[topic] < len(log[topic]) for topic in log):
        topic = data.draw(st.sampled_from([t for t in log if at[t] < len(log[t])]))
        upto = at[topic] + data.draw(st.integers(1, 4))
        agent.apply(topic, log[topic][at[topic] : upto])
        at[topic] = upto
        if data.draw(st.booleans()):
            emission = agent.drain()
            made |= {event.id: output.value for output in emission.outputs for event in features([output])}
            for key, value in emission.changes.items():
                if value is None:
                    del state[key]
                else:
                    state[key] = value
            if data.draw(st.booleans()):
                agent = fold()
                agent.restore(state)
    made |= {event.id: output.value for output in agent.drain().outputs for event in features([output])}

    assert expected.keys() == made.keys()
    assert expected == made

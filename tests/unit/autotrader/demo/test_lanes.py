import numpy as np
import pytest

from autotrader.demo.futures import TickLane
from autotrader.demo.plan import DAY_US, HELD_BACK, HISTORY, LOOP_SOURCE, WEEK_US, Slice
from autotrader.demo.recordings import Story
from autotrader.demo.stocks import StockLane, shifted_bar
from schemas.events.market import BarClosed, ClockAdvanced, CorporateAction, NewsPublished, Tick
from schemas.topics import ACTIONS, BARS, NEWS, SOCIAL, TICKS
from streams.sources.clocks import Heartbeats
from streams.sources.ticks import TickRows
from tests.builders import MINUTE, SECOND, bar, codec, news, post, split
from tests.unit.autotrader.demo.recorded import Recorded

CODEC = codec()
MONDAY = 4 * DAY_US
"""1970-01-05."""
DAYS = [MONDAY + day * DAY_US for day in range(40)]
LATENESS = 2 * SECOND


def stocks(**changes):
    bars = [bar(symbol=symbol, interval="1d", start=day, source="recorded") for symbol in ("AAA", "BBB") for day in DAYS]
    said = [news(DAYS[n] + 1, symbol="AAA", synthetic=True, source="sample") for n in (5, 35)]
    posts = [post(DAYS[n] + 2, symbol="BBB", synthetic=True, source="sample") for n in (6, 36)]
    actions = [split(DAYS[7], symbol="AAA")]
    sources = {ACTIONS: "recorded", NEWS: "sample", SOCIAL: "sample"}
    recordings = {ACTIONS: "splits", NEWS: "n", SOCIAL: "p"}
    story = Story("recorded", "r", bars, actions, said, posts, sources, recordings)
    return StockLane(story, CODEC, **{"slice": Slice(), **changes})


def ticks(seconds=3 * 3600, start=DAYS[0] + 10 * 3600 * SECOND, **changes):
    times = start + np.arange(seconds, dtype=np.int64) * SECOND
    ones = np.ones(len(times))
    rows = TickRows(np.arange(len(times)), times, ones, ones, ones > 0, (("FUT", ""),), np.zeros(len(times), np.int64))
    recording = Recorded("recorded", "t" * 64, "FUT", lambda: iter([(rows, [])]))
    return TickLane(recording, CODEC, **{"slice": Slice(), "lateness_us": LATENESS, **changes})


def told(feed):
    """Return the events of a feed, those of a clock once for each partition."""
    return [CODEC.decode(value) for block in feed.blocks(2) for value, *_ in block.records(0, len(block.times))]


def facts(feed):
    return [event for event in told(feed) if not isinstance(event, ClockAdvanced)]


def clocks(feed):
    return [event for event in told(feed) if isinstance(event, ClockAdvanced)]


def test_what_bars_wait_for_is_told_before_them():
    for lane, market in ((stocks(), BARS), (ticks(), TICKS)):
        assert [feed.topic for feed in lane.feeds(HISTORY)] == [ACTIONS, NEWS, SOCIAL, market]


def test_history_and_held_back_part_are_one_recording_and_the_first_a_beginning_of_it():
    for lane in (stocks(), ticks()):
        for early, whole in zip(lane.feeds(HISTORY), lane.feeds(HELD_BACK), strict=True):
            beginning = told(early)

            assert (early.source, early.recording) == (whole.source, whole.recording)
            assert beginning == told(whole)[: len(beginning)]
            assert early.extent.told_until is None
            assert whole.extent.told_until is not None


def test_a_quarter_of_forty_days_is_held_back():
    history = facts(stocks().feeds(HISTORY)[-1])

    assert len(history) == 2 * 30
    assert max(event.end for event in history) == stocks().boundary == DAYS[30]


def test_nothing_that_is_said_later_is_told_with_the_history():
    lane = stocks()

    for feed in lane.feeds(HISTORY)[:-1]:
        assert all(event.available_at <= lane.boundary for event in facts(feed))


@pytest.mark.parametrize("part", [HISTORY, HELD_BACK, 2, 3])
def test_no_bar_is_available_later_than_the_clocks_of_what_it_waits_for(part):
    lane = stocks()
    *sides, market = lane.feeds(part)
    newest = max(event.available_at for event in facts(market))

    for feed in sides:
        assert clocks(feed)[-1].at >= newest
        assert set(clocks(feed)[-1].symbols) == {"AAA", "BBB"}


@pytest.mark.parametrize("part", [HISTORY, HELD_BACK, 2, 3])
def test_no_built_bar_is_available_later_than_the_clocks_of_what_it_waits_for(part):
    lane = ticks()
    *sides, market = lane.feeds(part)
    told_until = market.extent.told_until
    watermark = max(event.event_time for event in facts(market)) if told_until is None else told_until

    for feed in sides:
        assert clocks(feed)[-1].at >= watermark
        assert clocks(feed)[-1].symbols == ("FUT",)


def test_the_last_clock_of_the_ticks_closes_their_last_bars_of_every_interval():
    assert ticks().until == DAYS[1] + LATENESS


def test_a_repetition_shifts_bars_news_and_posts_by_whole_weeks_past_the_end():
    lane = stocks()
    _, said, posted, market = lane.feeds(2)
    bars = facts(market)

    assert lane.period_us == 2 * WEEK_US
    assert [event.start for event in bars if event.symbol == "AAA"] == [day + 2 * WEEK_US for day in DAYS[30:]]
    assert min(event.start for event in bars) >= lane.ends_at
    assert [event.available_at for event in facts(said)] == [DAYS[35] + 1 + 2 * WEEK_US]
    assert [event.published_at for event in facts(posted)] == [DAYS[36] + 2 + 2 * WEEK_US]


def test_what_is_repeated_says_so_and_stays_synthetic():
    for lane in (stocks(), ticks()):
        for feed in lane.feeds(2):
            assert feed.source == LOOP_SOURCE
            assert feed.recording.startswith("loop-1/")
            assert {event.source for event in told(feed)} <= {LOOP_SOURCE}
            assert all(event.synthetic for event in facts(feed) if isinstance(event, NewsPublished))


def test_repetitions_have_ids_of_their_own():
    for feeds in zip(stocks().feeds(HELD_BACK), stocks().feeds(2), stocks().feeds(3), strict=True):
        ids = [event.identity() for feed in feeds for event in facts(feed)]

        assert len(set(ids)) == len(ids)


def test_no_two_feeds_of_a_run_share_what_tells_their_producers_apart():
    feeds = [feed for lane in (stocks(), ticks()) for part in (HELD_BACK, 2, 3, 11) for feed in lane.feeds(part)]
    names = [(feed.source, feed.recording[:16]) for feed in feeds]

    assert len(set(names)) == len(names)


def test_the_last_two_hours_of_ticks_of_a_long_day_are_held_back():
    lane = ticks(seconds=10 * 3600)

    assert len(facts(lane.feeds(HISTORY)[-1])) == 8 * 3600 - 1
    assert lane.feeds(HISTORY)[-1].extent.events == 8 * 3600 - 1


def test_ticks_are_repeated_at_the_same_time_of_the_next_days():
    lane = ticks()
    again, and_again = (facts(lane.feeds(part)[-1]) for part in (2, 3))

    assert lane.period_us == DAY_US
    assert again[0].event_time == lane.held_back_from + DAY_US
    assert and_again[0].event_time == lane.held_back_from + 2 * DAY_US
    assert all(isinstance(event, Tick) and event.recording.startswith("loop-1/") for event in again)
    assert again[0].event_time > lane.until


def test_a_slice_is_the_end_of_a_recording():
    days, some = stocks(slice=Slice(days=8)), ticks(slice=Slice(ticks=400))

    assert len(facts(days.feeds(HELD_BACK)[-1])) == 2 * 8
    assert days.boundary == DAYS[38]
    assert [event.sequence for event in facts(some.feeds(HELD_BACK)[-1])] == list(range(3 * 3600 - 400, 3 * 3600))
    assert len(facts(some.feeds(HISTORY)[-1])) == 300


def test_another_slice_of_the_same_recording_is_told_by_its_options():
    assert stocks().feeds(HISTORY)[0].options != stocks(slice=Slice(days=8)).feeds(HISTORY)[0].options
    assert ticks().feeds(HISTORY)[-1].options != ticks(slice=Slice(ticks=400)).feeds(HISTORY)[-1].options


def test_a_shifted_bar_is_another_bar_of_the_same_prices():
    given = bar(interval="1d", start=DAYS[0], source="recorded", close=12.5)
    moved = shifted_bar(given, WEEK_US)

    assert isinstance(moved, BarClosed)
    assert (moved.open, moved.close, moved.volume) == (given.open, given.close, given.volume)
    assert (moved.start, moved.end, moved.available_at) == (
        given.start + WEEK_US,
        given.end + WEEK_US,
        given.available_at + WEEK_US,
    )
    assert moved.inputs == (given.id,)
    assert moved.id != given.id


def test_a_split_that_is_held_back_is_repeated_at_its_shifted_day():
    lane = stocks()
    late = split(DAYS[35], symbol="AAA")
    lane = StockLane(Story(**{**vars(lane.story), "actions": [late]}), CODEC, Slice())

    (repeated,) = facts(lane.feeds(2)[0])

    assert isinstance(repeated, CorporateAction)
    assert repeated.effective_at == late.effective_at + lane.period_us
    assert repeated.id != late.id
    assert lane.feeds(2)[0].extent.ends_at - lane.ends_at == lane.period_us


def test_heartbeats_of_the_ticks_never_pass_what_is_held_back():
    lane = ticks()
    feed = lane.feeds(HISTORY)[-1]
    beats = Heartbeats(MINUTE, feed.extent.begins_at)
    timelines = [beats.timeline(block) for block in feed.blocks(2)]
    stated = [int(at) for line in timelines for at in line.times[line.event < 0]]

    assert stated
    assert max(stated) < lane.held_back_from

"""Events as Hypothesis makes them up: every value that the rules allow, the odd ones included."""

from hypothesis import strategies as st

from schemas.events.base import Event
from schemas.events.market import BarClosed, ClockAdvanced, CorporateAction, NewsPublished, SocialPostPublished, Tick
from schemas.events.operations import DeadLetter, Header
from schemas.events.recommendations import FamilyOpinion, HeldBack, Probabilities, RecommendationMade
from schemas.events.signals import FeaturesComputed, FeatureVector
from schemas.features import FAMILIES, FEATURE_NAMES
from schemas.values import MICROS_MAX, MICROS_MIN

micros = st.integers(MICROS_MIN, MICROS_MAX)
counts = st.integers(0, 2**62 - 1)
symbols = st.from_regex(r"[A-Z0-9][A-Z0-9._-]{0,15}", fullmatch=True)
names = st.text(min_size=1, max_size=200)
texts = st.text(max_size=64)
some_texts = st.lists(texts, max_size=3).map(tuple)
finite = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
non_negative = st.floats(min_value=0, allow_infinity=False)
units = st.floats(0, 1)
intervals = st.from_regex(r"[1-9][0-9]{0,3}[smhd]", fullmatch=True)
vectors = st.fixed_dictionaries({name: st.floats() for name in FEATURE_NAMES}).map(lambda values: FeatureVector(**values))

ticks = st.builds(
    Tick,
    event_time=micros,
    price=positive,
    size=non_negative,
    price_eligible=st.booleans(),
    sequence=counts,
    symbol=symbols,
    source=names,
    recording=names,
    conditions=texts,
)
clocks = st.builds(
    ClockAdvanced,
    source=names,
    at=micros,
    reason=st.sampled_from(["heartbeat", "idle", "ended"]),
    symbols=st.lists(symbols, max_size=3).map(tuple),
)
actions = st.builds(
    CorporateAction,
    id=texts,
    symbol=symbols,
    kind=st.sampled_from(["split", "dividend"]),
    effective_at=micros,
    ratio=positive,
    amount=non_negative,
    available_at=micros,
    source=names,
)
news = st.builds(
    NewsPublished,
    id=texts,
    item_id=names,
    symbol=symbols,
    source=names,
    headline=names,
    summary=texts,
    url=texts,
    published_at=micros,
    available_at=micros,
    synthetic=st.booleans(),
)
posts = st.builds(
    SocialPostPublished,
    id=texts,
    item_id=names,
    symbol=symbols,
    source=names,
    platform=names,
    text=names,
    reach=counts,
    published_at=micros,
    available_at=micros,
    synthetic=st.booleans(),
)


@st.composite
def bars(draw: st.DrawFn) -> BarClosed:
    low, second, third, high = sorted(draw(st.lists(positive, min_size=4, max_size=4)))
    opened, closed = draw(st.permutations([second, third]))
    start, end, available_at = sorted(draw(st.lists(micros, min_size=3, max_size=3, unique=True)))
    return BarClosed(
        id=draw(texts),
        symbol=draw(symbols),
        interval=draw(intervals),
        start=start,
        end=end,
        open=opened,
        high=high,
        low=low,
        close=closed,
        volume=draw(non_negative),
        vwap=draw(positive),
        trades=draw(counts),
        revision=draw(counts),
        origin_kind=draw(st.sampled_from(["built", "vendor"])),
        source=draw(names),
        available_at=available_at,
        inputs=draw(some_texts),
    )


features = st.builds(
    FeaturesComputed,
    id=texts,
    symbol=symbols,
    interval=intervals,
    start=micros,
    as_of=micros,
    available_at=micros,
    bar_id=texts,
    source=names,
    price=positive,
    volume=non_negative,
    feature_set=names,
    missing=some_texts,
    inputs=some_texts,
    synthetic=st.booleans(),
    bars_seen=counts,
    raw=vectors,
    normalised=vectors,
)
opinions = st.builds(
    FamilyOpinion,
    name=st.sampled_from(FAMILIES),
    score=finite,
    weight=finite,
    contribution=finite,
    learnt=st.booleans(),
    present=st.booleans(),
)
recommendations = st.builds(
    RecommendationMade,
    id=texts,
    symbol=symbols,
    interval=intervals,
    action=st.sampled_from(["BUY", "SELL", "HOLD"]),
    confidence=units,
    score=finite,
    threshold=finite,
    decided_at=micros,
    valid_until=micros,
    price=positive,
    source=names,
    model_id=names,
    features_id=texts,
    feature_set=names,
    synthetic=st.booleans(),
    missing=some_texts,
    probabilities=st.builds(Probabilities, sell=units, hold=units, buy=units),
    families=st.lists(opinions, max_size=3).map(tuple),
    held_back=st.lists(st.builds(HeldBack, reason=st.just("threshold"), detail=texts), max_size=2).map(tuple),
    base_score=finite,
    raw=vectors,
    normalised=vectors,
    contributions=vectors,
    summary=texts,
    sentences=some_texts,
)
dead_letters = st.builds(
    DeadLetter,
    id=texts,
    topic=names,
    partition=counts,
    offset=counts,
    record_key=st.none() | st.binary(max_size=64),
    record_value=st.none() | st.binary(max_size=64),
    headers=st.lists(st.builds(Header, name=texts, value=st.none() | st.binary(max_size=16)), max_size=3).map(tuple),
    agent=names,
    code=names,
    message=texts,
    attempts=counts,
    appended_at=micros,
)

EVENTS: dict[type[Event], st.SearchStrategy[Event]] = {
    Tick: ticks,
    ClockAdvanced: clocks,
    BarClosed: bars(),
    CorporateAction: actions,
    NewsPublished: news,
    SocialPostPublished: posts,
    FeaturesComputed: features,
    RecommendationMade: recommendations,
    DeadLetter: dead_letters,
}

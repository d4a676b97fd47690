"""The fold and the reference give the same bytes, however records are cut into chunks and wherever the fold is restored."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from schemas.events.base import Event
from schemas.events.market import BarClosed
from schemas.events.operations import DeadLetter
from schemas.headers import cloud_event_headers
from schemas.topics import BARS
from streams.bars import closed
from streams.bars.settings import BarsSettings
from streams.fold import Output
from tests.builders import MINUTE, SECOND, T0, Record, bar, clock, tick
from tests.unit.streams.bars.harness import CODEC, Driver
from tests.unit.streams.bars.reference import ReferenceBars, Refused

APPENDED_MS = T0 // 1000 + 60_000
STEP = SECOND // 4
SPAN = 480
SOURCES = ("a", "b/c")
SYMBOLS = ("ES", "NQ", "YM")

steps = st.integers(0, SPAN) | st.just(SPAN * 10)
ticks = st.builds(
    lambda step, **values: tick(event_time=T0 + step * STEP, **values),
    steps,
    price=st.floats(0.01, 1e6),
    size=st.floats(0, 1e6) | st.sampled_from([0.0, 0.1, 1.0]),
    price_eligible=st.sampled_from([True, True, False]),
    sequence=st.integers(0, 3) | st.integers(0, 10**12),
    symbol=st.sampled_from(SYMBOLS),
    source=st.sampled_from(SOURCES),
    recording=st.sampled_from(["r", "s"]),
    conditions=st.sampled_from(["", "@T"]),
)
clocks = st.builds(
    lambda step, **values: clock(T0 + step * STEP, **values),
    steps,
    source=st.sampled_from(SOURCES),
    reason=st.sampled_from(["heartbeat", "ended"]),
    symbols=st.lists(st.sampled_from(SYMBOLS), max_size=2).map(tuple),
)


def encoded(event: Event, key: bytes | None = None) -> tuple[bytes | None, bytes | None]:
    return (event.key() if key is None else key), CODEC.encode(event)


def broken(value: bytes, place: int, octet: int) -> tuple[bytes | None, bytes | None]:
    """A tick with one byte changed: it may be refused or still be one, which the reference decides."""
    changed = bytearray(value)
    changed[place % len(changed)] = octet
    return b"ES", bytes(changed)


good = st.one_of(ticks, ticks, ticks, clocks).map(encoded)
bad = st.one_of(
    st.just((b"ES", None)),
    st.binary(max_size=80).map(lambda value: (b"ES", value)),
    ticks.map(lambda event: encoded(event, b"XX")),
    ticks.map(lambda event: (None, CODEC.encode(event))),
    ticks.map(lambda event: (event.key(), CODEC.encode(event)[:-1])),
    ticks.map(lambda event: (event.key(), CODEC.encode(event) + b"x")),
    ticks.map(lambda event: encoded(event.model_copy(update={"price": float("nan")}))),
    ticks.map(lambda event: encoded(event.model_copy(update={"price": float("inf")}))),
    ticks.map(lambda event: encoded(event.model_copy(update={"price": 0.0}))),
    ticks.map(lambda event: encoded(event.model_copy(update={"size": -1.0}))),
    ticks.map(lambda event: encoded(event.model_copy(update={"sequence": -1}))),
    ticks.map(lambda event: encoded(event.model_copy(update={"recording": "r" * 300}))),
    ticks.map(lambda event: encoded(event.model_copy(update={"symbol": "lower"}))),
    clocks.map(lambda event: encoded(event.model_copy(update={"source": ""}))),
    st.just(encoded(bar())),
)


@dataclass(frozen=True)
class Run:
    """Records, and how they reach the fold."""

    settings: BarsSettings
    records: Sequence[Record]
    chunks: Sequence[tuple[int, str]]
    """How many records each chunk has, and what follows it."""


@st.composite
def runs(draw: st.DrawFn, records: st.SearchStrategy[tuple[bytes | None, bytes | None]]) -> Run:
    lateness = draw(st.sampled_from([0, SECOND // 2, 3 * SECOND]))
    chosen = BarsSettings(
        intervals=draw(st.sampled_from([("1s",), ("1s", "5s", "1m"), ("1m", "2s", "3s"), ("10s", "1d")])),
        lateness_us=lateness,
        kept_window_us=lateness + draw(st.sampled_from([0, 5 * SECOND, 60 * SECOND])),
        max_record_bytes=200,
    )
    values = draw(st.lists(records, max_size=60))
    chunk = st.tuples(st.integers(1, 12), st.sampled_from(["go on", "drain", "restore"]))
    numbered = [Record(key, value, offset, timestamp=APPENDED_MS) for offset, (key, value) in enumerate(values)]
    return Run(chosen, numbered, draw(st.lists(chunk, max_size=60)))


def folded(run: Run) -> list[Output]:
    driver, outputs, begin = Driver(run.settings), list[Output](), 0
    for length, then in [*run.chunks, (len(run.records), "drain")]:
        driver.apply(run.records[begin : begin + length])
        begin += length
        if then != "go on":
            outputs += driver.commit()
        if then == "restore":
            driver.restore()
    return outputs


def comparable(outputs: Sequence[Output]) -> list[object]:
    """Bars as they are; of a dead letter its code and the place it names."""
    compared: list[object] = []
    for output in outputs:
        event = CODEC.decode(output.value)
        compared.append(Refused(event.code, event.offset) if isinstance(event, DeadLetter) else output)
    return compared


def expected(run: Run) -> list[object]:
    reference = ReferenceBars(CODEC, run.settings)
    events = [event for record in run.records for event in reference.fold(record)]
    return [
        Output(BARS, event.key(), CODEC.encode(event), cloud_event_headers(event)) if isinstance(event, BarClosed) else event
        for event in events
    ]


@pytest.fixture(autouse=True, scope="module")
def small_limits():
    """Sweeps and records of closed bars as often as a short test needs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(closed, "_SWEEP_AT_LEAST", 1)
        patch.setattr(closed, "BATCH_ROWS", 3)
        yield


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(runs(good))
def test_bars_are_those_of_the_reference_bit_for_bit(run):
    assert comparable(folded(run)) == expected(run)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(runs(good | bad))
def test_bad_records_become_dead_letters_and_change_nothing_else(run):
    assert comparable(folded(run)) == expected(run)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(ticks, st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=20))
@example([(tick(price_eligible=True), 29, 2)])
def test_a_changed_byte_is_judged_as_the_ordinary_decoder_judges_it(changes):
    records = [
        Record(*broken(CODEC.encode(event), place, octet), offset, timestamp=APPENDED_MS)
        for offset, (event, place, octet) in enumerate(changes)
    ]
    run = Run(
        BarsSettings(intervals=("1s", "1m"), lateness_us=0, kept_window_us=10 * SECOND), records, [(5, "drain"), (5, "restore")]
    )

    assert comparable(folded(run)) == expected(run)


@pytest.mark.parametrize("seed", range(3))
def test_long_runs_of_many_symbols_are_those_of_the_reference(seed):
    """Long enough to outgrow every array, with chunks of thousands, on a feed whose clock jitters and whose sessions change."""
    choose = random.Random(seed)
    events = []
    for place in range(4_000):
        now = T0 + place * SECOND // 8
        if choose.random() < 0.005:
            events.append(clock(now, source=choose.choice("ab")))
            continue
        behind = choose.choice([0, 0, 0, SECOND // 2, SECOND * 2 if choose.random() < 0.9 else 30 * SECOND, 400 * SECOND])
        values = {"price": choose.uniform(1, 500), "size": choose.uniform(0, 9), "price_eligible": choose.random() < 0.9}
        values |= {"symbol": f"S{choose.randrange(40)}", "source": choose.choice("ab"), "recording": f"session-{place // 500}"}
        events.append(tick(event_time=now - behind, sequence=choose.randrange(10_000), **values))
    records = [Record(*encoded(event), offset, timestamp=APPENDED_MS * 2) for offset, event in enumerate(events)]
    chosen = BarsSettings(intervals=("1s", "1m"), lateness_us=2 * SECOND, kept_window_us=2 * MINUTE)
    chunks = [(choose.choice([1, 50, 700, 2_000]), choose.choice(["go on", "drain", "restore"])) for _ in range(20)]

    run = Run(chosen, records, chunks)

    assert comparable(folded(run)) == expected(run)

"""Records that may wait are handed out together, in order, none twice and none late."""

from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.transport.company import HOLD_RECORDS, HOLD_S, Company, Records
from tests.builders import Record

HERE, THERE = TP("ticks", 0), TP("ticks", 1)


def records(*offsets: int) -> Records:
    return [Record(b"k", b"v", offset) for offset in offsets]


def offsets(found: dict[TP, Records]) -> dict[TP, list[int]]:
    return {tp: [record.offset for record in held] for tp, held in found.items()}


def patient() -> Company:
    return Company(lambda _, fetched: fetched[-1].offset < 100)


def test_what_may_not_wait_is_handed_out_at_once_and_takes_along_what_waited() -> None:
    company = patient()
    assert {} == company.join({HERE: records(1), THERE: records(5)}, 0.0)
    assert {} == company.join({HERE: records(2, 3)}, 0.01)

    assert {HERE: [1, 2, 3, 100]} == offsets(company.join({HERE: records(100)}, 0.02))


def test_nothing_waits_longer_than_the_set_time() -> None:
    company = patient()
    company.join({HERE: records(1)}, 0.0)
    company.join({HERE: records(2), THERE: records(7)}, HOLD_S / 2)
    assert HOLD_S / 2 == company.patience_s(HOLD_S / 2, 1.0)

    assert {HERE: [1, 2]} == offsets(company.join({}, HOLD_S))
    assert {THERE: [7]} == offsets(company.join({}, 2 * HOLD_S))


def test_while_nothing_waits_a_fetch_may_take_its_time() -> None:
    assert 1.0 == patient().patience_s(128.0, 1.0)


def test_many_records_are_company_enough() -> None:
    company = Company(lambda *_: True)
    company.join({HERE: records(*range(HOLD_RECORDS - 1))}, 0.0)

    [together] = company.join({HERE: records(HOLD_RECORDS - 1)}, 0.0).values()

    assert HOLD_RECORDS == len(together)


def test_a_partition_that_is_read_again_from_further_back_brings_no_record_twice() -> None:
    company = patient()
    company.join({HERE: records(3, 4, 5)}, 0.0)

    company.join({HERE: records(2, 3, 4)}, 0.01)

    assert {HERE: [2, 3, 4, 100]} == offsets(company.join({HERE: records(100)}, 0.02))


def test_what_is_forgotten_is_not_handed_out() -> None:
    company = patient()
    company.join({HERE: records(1)}, 0.0)
    company.forget(HERE)

    assert {} == company.join({}, HOLD_S)


@given(st.lists(st.tuples(st.sampled_from([HERE, THERE]), st.integers(1, 300), st.booleans(), st.floats(0, 0.1)), max_size=30))
def test_every_record_comes_out_once_in_order_and_in_time(fetches: list[tuple[TP, int, bool, float]]) -> None:
    may_wait, now, came, out = False, 0.0, {HERE: 0, THERE: 0}, {HERE: [], THERE: []}
    company = Company(lambda *_: may_wait)
    since: dict[TP, float] = {}
    for tp, count, may_wait, passed in fetches:  # noqa: B007  # the company asks for it
        now += min(passed, company.patience_s(now, passed))
        since.setdefault(tp, now)
        for at, found in company.join({tp: records(*range(came[tp], came[tp] + count))}, now).items():
            out[at] += [record.offset for record in found]
            del since[at]
        came[tp] += count
        assert all(now < began + HOLD_S for began in since.values())
    for at, found in company.join({}, now + 2 * HOLD_S).items():
        out[at] += [record.offset for record in found]

    assert {tp: list(range(count)) for tp, count in came.items()} == out

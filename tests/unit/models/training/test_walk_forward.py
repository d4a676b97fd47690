"""Folds that never look ahead."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.training.walk_forward import folds


def rows(times, symbols, horizon, step=60):
    """Rows of several symbols at common times; labels are known ``horizon`` times later."""
    end = np.repeat(np.arange(1, times + 1) * step, symbols)
    return end, end + horizon * step


@settings(max_examples=100, deadline=None)
@given(st.integers(60, 300), st.integers(1, 4), st.integers(1, 10), st.integers(0, 10), st.integers(2, 7), st.floats(0.2, 0.6))
def test_nothing_that_a_fold_trains_on_is_known_only_in_its_test(times, symbols, horizon, embargo, count, share):
    end, known_at = rows(times, symbols, horizon)
    walk = list(folds(end, known_at, count=count, first_share=share, embargo_bars=embargo))

    assert len(walk) == count
    for fold in walk:
        starts_at = end[fold.test].min()
        assert fold.starts_at == starts_at
        assert (known_at[fold.train] <= starts_at - embargo * 60).all()
        assert (end[fold.train] < starts_at - embargo * 60).all()


@settings(max_examples=100, deadline=None)
@given(st.integers(60, 300), st.integers(1, 4), st.integers(2, 7), st.floats(0.2, 0.6))
def test_tests_cover_the_rest_of_the_history_once_in_order(times, symbols, count, share):
    end, known_at = rows(times, symbols, 5)
    tests = [fold.test for fold in folds(end, known_at, count=count, first_share=share, embargo_bars=5)]
    together = np.concatenate(tests)

    assert len(np.unique(together)) == len(together)
    assert (np.diff(end[together]) >= 0).all()
    assert together.max() == len(end) - 1
    assert len(together) == len(end) - together.min()
    assert abs(together.min() / len(end) - share) < 0.02


def test_training_grows_and_keeps_all_that_it_may_use():
    end, known_at = rows(100, 1, 5)
    walk = list(folds(end, known_at, count=4, first_share=0.4, embargo_bars=3))

    assert [len(fold.train) for fold in walk] == [40 + 15 * number - 3 - 4 for number in range(4)]


def test_bars_with_gaps_are_embargoed_by_bars_not_by_hours():
    end = np.concatenate([np.arange(1, 51), 10_000 + np.arange(1, 51)]) * 60
    (fold,) = list(folds(end, end + 60, count=2, first_share=0.5, embargo_bars=5))[:1]

    assert fold.starts_at == 10_001 * 60
    assert end[fold.train].max() == 45 * 60

"""Garbage collection for a process that handles records by the ten thousand."""

import gc

_YOUNG, _MIDDLE, _OLD = 100_000, 20, 50


def collect_seldom() -> None:
    """Let the collector run once for 100,000 new containers instead of 700.

    A fetched record is a handful of tuples that die young and form no cycle: at the default threshold the collector walks
    the whole prefetch buffer again and again, which was measured to cost 40 % of a worker's processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)

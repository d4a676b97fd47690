"""How the watermarks move while ticks arrive: what was late is decided tick by tick, without a loop over ticks."""

from dataclasses import dataclass

import numpy as np

from streams.bars.arrays import Flags, Ints
from streams.bars.columns import Ticks


@dataclass(frozen=True, slots=True)
class Arrival:
    """Watermarks during a run of ticks between which no clock speaks. Places count the ticks of the run."""

    by_time: Ints
    """Places in the order of (event time, sequence, arrival)."""
    rank: Ints
    """Where each tick stands in that order."""
    before: Ints
    """The watermark of its group when each tick arrived."""
    groups: Ints
    """The groups of the ticks, ascending."""
    after: Ints
    """Their watermarks after the run."""
    _seeds: Ints
    _blocks: Ints
    _by_group: Ints
    _advances: Ints
    _times: Ints

    def triggers(self, groups: Ints, deadlines: Ints) -> Ints:
        """Return the place of the tick with which each group's watermark reached a deadline that it has reached by now."""
        block = np.searchsorted(self.groups, groups)
        rank = np.searchsorted(self._times, deadlines)
        at = np.searchsorted(self._advances, block * len(self.rank) + rank)
        # A deadline that was reached before can only come of other settings than the last owner had: it is seen at the first tick.
        at = np.where(self._seeds[block] >= deadlines, self._blocks[block], at)
        places: Ints = self._by_group[at]
        return places

    def within(self, groups: int) -> Flags:
        """Return by group number whether the group had ticks."""
        flags = np.zeros(groups, np.bool_)
        flags[self.groups] = True
        return flags


def arrival(ticks: Ticks, watermark: Ints) -> Arrival:
    """Follow the watermarks, by group number, through ticks in the order of arrival.

    The running maximum within each group is one running maximum over all: of (group's place, rank by time), which is ascending
    from group to group.
    """
    count = len(ticks)
    by_time = np.lexsort((ticks.sequence, ticks.event_time))
    rank = np.empty(count, np.int64)
    rank[by_time] = np.arange(count)
    narrow = ticks.group.astype(np.uint16) if len(watermark) <= np.iinfo(np.uint16).max else ticks.group
    by_group = np.argsort(narrow, kind="stable")  # a radix sort where the numbers are narrow
    group = ticks.group[by_group]
    begins = np.empty(count, np.bool_)
    begins[0] = True
    np.not_equal(group[1:], group[:-1], out=begins[1:])
    blocks = np.flatnonzero(begins)
    block = np.cumsum(begins) - 1
    times = ticks.event_time[by_time]
    advances = np.maximum.accumulate(block * count + rank[by_group])
    highest = times[advances - block * count]
    seed = watermark[group]
    sorted_before = seed.copy()
    np.maximum(seed[1:], highest[:-1], out=sorted_before[1:], where=~begins[1:])
    before = np.empty(count, np.int64)
    before[by_group] = sorted_before
    groups = group[blocks]
    ends = np.append(blocks[1:], count) - 1
    after = np.maximum(seed[blocks], highest[ends])
    return Arrival(by_time, rank, before, groups, after, seed[blocks], blocks, by_group, advances, times)

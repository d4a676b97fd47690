"""Inputs that have fallen silent: the one place where the wall clock decides, and what it decides becomes an event.

A fold that merges several topics waits until each has told how far it is. Where a source says nothing for too long, the fold
is told to move on; it writes ``ClockAdvanced`` with reason ``idle`` to the silent topic, so that a replay of the log sees the same.
"""

from collections.abc import Iterable

from streams.fold import WaitingFold
from streams.runner.owner import Owner
from streams.runner.stage import Stage


class IdleWatch:
    """Declares an input idle when it has been silent for ``idle_after_s`` while something waited for it.

    An input that was declared idle stays so until a real source speaks again: then nobody waits ``idle_after_s`` twice.
    """

    pause_s = 0.02

    def __init__(self, idle_after_s: float) -> None:
        self._idle_after_s = idle_after_s
        self._waits_since: dict[tuple[str, int, str], tuple[float, int]] = {}
        self._idle: dict[tuple[str, int, str], int] = {}
        self._declared: dict[tuple[str, int, str], int] = {}

    def check(self, owners: Iterable[Owner], now_s: float) -> None:
        """Look at every owner once; ``now_s`` is a monotonic clock."""
        for owner in owners:
            for stage in owner.stages:
                if stage.waiting is not None:
                    self._check_stage(owner, stage, stage.waiting, now_s)

    def _check_stage(self, owner: Owner, stage: Stage, fold: WaitingFold, now_s: float) -> None:
        waiting = fold.waiting_for()
        for topic, at in waiting.items():
            place = (stage.agent, owner.partition, topic)
            told = fold.told(topic)
            since, told_then = self._waits_since.setdefault(place, (now_s, told))
            if told != told_then:  # it speaks: wait anew
                self._waits_since[place] = (now_s, told)
                self._idle.pop(place, None)
                continue
            is_idle = self._idle.get(place) == told or now_s - since >= self._idle_after_s
            if is_idle and self._declared.get(place, -(2**62)) < at:
                self._idle[place] = told
                self._declared[place] = at
                fold.declare_idle(topic, at)
                owner.touch(stage)
        for place in [p for p in self._waits_since if p[:2] == (stage.agent, owner.partition) and p[2] not in waiting]:
            del self._waits_since[place]

"""Feeds the lanes: their histories one after the other at full speed, then what was held back at its own pace, again and again."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from autotrader.demo.lane import Lane
from autotrader.demo.pace import DayByDay, Noted
from autotrader.demo.plan import HELD_BACK, HISTORY
from autotrader.demo.telling import Progress, Telling
from streams.sources.pace import FullSpeed, Pace, Paced


@dataclass(frozen=True, slots=True)
class Speeds:
    """Of what was held back."""

    seconds_per_day: float = 3.0
    """Of daily bars."""
    ticks: float = 60.0
    """So many times as fast as they happened."""


@dataclass(frozen=True, slots=True)
class LaneState:
    """Where a lane is."""

    part: int = HISTORY
    at: int | None = None
    """Time of the newest event told, in microseconds since the Unix epoch; None before the first one."""


PaceOf = Callable[[threading.Event, Speeds], Pace]


def day_by_day(stop: threading.Event, speeds: Speeds) -> Pace:
    """Return the pace of daily bars."""
    return DayByDay(stop, speeds.seconds_per_day)


def many_times(stop: threading.Event, speeds: Speeds) -> Pace:
    """Return the pace of ticks."""
    return Paced(stop, speeds.ticks)


@dataclass
class Feeding:
    """The feeding of all lanes, in threads that end when the telling is told to stop."""

    telling: Telling
    lanes: Sequence[tuple[Lane, PaceOf]]
    speeds: Speeds
    progress: Progress
    """Told of what is told at full speed."""
    states: dict[str, LaneState] = field(default_factory=dict)
    """By lane."""
    resumed: bool = False
    """Something had been told by an earlier run."""
    _threads: list[threading.Thread] = field(default_factory=list)
    _errors: list[BaseException] = field(default_factory=list)

    def start_recorded(self, parts: Sequence[int]) -> None:
        """Begin to tell parts of all lanes, one lane after the other, at full speed."""
        self._start("feed", lambda: self._tell_recorded(parts))

    def start_paced(self) -> None:
        """Begin to tell what was held back, the lanes side by side, until the telling is told to stop."""
        for lane, pace_of in self.lanes:
            self._start(f"feed-{lane.name}", partial(self._tell_for_ever, lane, pace_of))

    def is_busy(self) -> bool:
        """Return whether something is being told; raises what ended a thread."""
        if self._errors:
            raise self._errors[0]
        return any(thread.is_alive() for thread in self._threads)

    def join(self, timeout_s: float = 10.0) -> None:
        """Wait for the threads, which have been told to stop."""
        for thread in self._threads:
            thread.join(timeout_s)

    def _start(self, name: str, work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001  # the thread's edge: the main thread raises it again
                self._errors.append(error)

        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _tell_recorded(self, parts: Sequence[int]) -> None:
        for lane, _ in self.lanes:
            self.resumed |= self.telling.was_begun(lane)
            for part in parts:
                if not self._tell(lane, part, FullSpeed(self.telling.stop), self.progress):
                    return

    def _tell_for_ever(self, lane: Lane, pace_of: PaceOf) -> None:
        part = HELD_BACK
        while self._tell(lane, part, pace_of(self.telling.stop, self.speeds), _unheard):
            part = self.telling.first_loop(lane) if part == HELD_BACK else part + 1

    def _tell(self, lane: Lane, part: int, pace: Pace, progress: Progress) -> bool:
        self.states[lane.name] = replace(self.states.get(lane.name, LaneState()), part=part)
        return self.telling.tell(lane, part, Noted(pace, lambda at: self._note(lane.name, part, at)), progress)

    def _note(self, name: str, part: int, at: int) -> None:
        self.states[name] = LaneState(part, at)


def _unheard(_topic: str, _done: int, _total: int) -> None:
    """Nobody waits for what is paced."""

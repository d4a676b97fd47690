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
    open_lanes: Callable[[], Sequence[tuple[Lane, PaceOf]]]
    """Reads the recordings; called in a thread, for it takes a second."""
    speeds: Speeds
    progress: Progress
    """Told of what is told at full speed."""
    between: Callable[[], None]
    """Called between lanes that are told at full speed; may wait."""
    states: dict[str, LaneState] = field(default_factory=dict)
    """By lane."""
    lane_of: dict[str, str] = field(default_factory=dict)
    """By symbol."""
    resumed: bool = False
    """Something had been told by an earlier run."""
    _recorded: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _errors: list[BaseException] = field(default_factory=list)

    def start(self, parts: Sequence[int], *, go_on: bool) -> None:
        """Begin to tell parts of all lanes at full speed; then, if asked, what was held back, until told to stop."""
        self._start("feed", lambda: self._tell_recorded(parts, go_on=go_on))

    def has_told_recorded(self) -> bool:
        """Return whether all that is told at full speed is told; raises what ended a thread."""
        if self._errors:
            raise self._errors[0]
        return self._recorded.is_set()

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

    def _tell_recorded(self, parts: Sequence[int], *, go_on: bool) -> None:
        lanes = self.open_lanes()
        self.lane_of.update({symbol: lane.name for lane, _ in lanes for symbol in lane.symbols})
        for place, (lane, _) in enumerate(lanes):
            if place:
                self.between()
            self.resumed |= self.telling.was_begun(lane)
            for part in parts:
                if not self._tell(lane, part, FullSpeed(self.telling.stop), self.progress):
                    return
        self._recorded.set()
        for lane, pace_of in lanes if go_on else ():
            self._start(f"feed-{lane.name}", partial(self._tell_for_ever, lane, pace_of))

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

"""Feeds the lanes: their histories one after the other at full speed, then what was held back at its own pace, again and again."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from autotrader.demo.lanes import Lane
from autotrader.demo.pace import DayByDay, Noted
from autotrader.demo.plan import HELD_BACK, HISTORY
from autotrader.demo.telling import Progress, Telling
from streams.sources.pace import FullSpeed, Pace, Paced
from streams.sources.problems import SourceError


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

DAYS: PaceOf = lambda stop, speeds: DayByDay(stop, speeds.seconds_per_day)  # noqa: E731  # two of a kind read best as a table
TICKS: PaceOf = lambda stop, speeds: Paced(stop, speeds.ticks)  # noqa: E731


@dataclass
class Feeding:
    """The feeding of all lanes."""

    telling: Telling
    lanes: Sequence[tuple[Lane, PaceOf]]
    speeds: Speeds
    states: dict[str, LaneState] = field(default_factory=dict)
    """By lane."""
    resumed: bool = False
    """Something had been told by an earlier run."""
    _threads: list[threading.Thread] = field(default_factory=list)
    _errors: list[BaseException] = field(default_factory=list)

    def tell_recorded(self, progress: Progress, parts: Sequence[int]) -> bool:
        """Tell parts of all lanes at full speed; False where told to stop."""
        for lane, _ in self.lanes:
            self.resumed |= self.telling.was_begun(lane)
            for part in parts:
                if not self._tell(lane, part, FullSpeed(self.telling.stop), progress):
                    return False
        return True

    def start_paced(self) -> None:
        """Begin to tell what was held back, each lane in a thread of its own, until the telling is told to stop."""
        for lane, pace_of in self.lanes:
            thread = threading.Thread(target=self._tell_for_ever, args=(lane, pace_of), name=f"feed-{lane.name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def check(self) -> None:
        """Raise what ended a thread."""
        if self._errors:
            raise self._errors[0]

    def join(self, timeout_s: float) -> None:
        """Wait for the threads, which have been told to stop."""
        for thread in self._threads:
            thread.join(timeout_s)

    def _tell_for_ever(self, lane: Lane, pace_of: PaceOf) -> None:
        telling = self.telling
        try:
            part = HELD_BACK
            while self._tell(lane, part, pace_of(telling.stop, self.speeds), _unheard):
                part = telling.first_loop(lane) if part == HELD_BACK else part + 1
        except (SourceError, TimeoutError, OSError, ValueError) as error:
            self._errors.append(error)

    def _tell(self, lane: Lane, part: int, pace: Pace, progress: Progress) -> bool:
        state = self.states.get(lane.name, LaneState())
        self.states[lane.name] = replace(state, part=part)
        return self.telling.tell(lane, part, Noted(pace, lambda at: self._note(lane.name, part, at)), progress)

    def _note(self, name: str, part: int, at: int) -> None:
        self.states[name] = LaneState(part, at)


def _unheard(_topic: str, _done: int, _total: int) -> None:
    """Nobody waits for what is paced."""


def feed_times(states: Mapping[str, LaneState]) -> dict[str, int]:
    """Return how far each lane has come, where it has come anywhere."""
    return {name: state.at for name, state in states.items() if state.at is not None}

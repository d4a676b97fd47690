"""Asking a store again for as long as it takes, while the runner stays a member of its group."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any

from projections.intake import Intake
from projections.ports import Ambient, Observer, StoreUnavailable

_POLL_S = 0.2

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """How much is stored at once, and how patient a runner is. Times in seconds."""

    records_max: int = 5_000
    wait_s: float = 0.05
    retry_first_s: float = 0.1
    retry_max_s: float = 5.0
    report_s: float = 1.0
    """How often positions are mirrored to the group, and reported."""


class Patience:
    """Does work until it is done. The time between two attempts doubles up to a limit; half of it is left to chance."""

    def __init__(
        self,
        observer: Observer,
        ambient: Ambient,
        settings: RunnerSettings,
        name: str,
        meanwhile: Callable[[Intake], None],
    ) -> None:
        """``meanwhile`` is called again and again between two attempts."""
        self._observer = observer
        self._ambient = ambient
        self._settings = settings
        self._name = name
        self._meanwhile = meanwhile

    def see_through(
        self, intake: Intake, generation: int, stop: Event, first: Callable[[], Any], again: Callable[[], Any] | None = None
    ) -> bool:
        """Do the work, ``again`` from the second attempt on; False where a stop or a new assignment made it pointless."""
        work, attempt = first, 0
        while True:
            try:
                work()
            except StoreUnavailable as error:
                attempt += 1
                delay_s = self._delay_s(attempt)
                log.warning("%s: attempt %d failed, the next in %.1f s: %s", self._name, attempt, delay_s, error)
                self._observer.retrying(self._name, attempt, delay_s, error)
                self._rest(intake, delay_s, stop)
                if stop.is_set() or generation != intake.generation:
                    return False
                work = again or first
            else:
                return True

    def _delay_s(self, attempt: int) -> float:
        longest = min(self._settings.retry_max_s, self._settings.retry_first_s * 2.0 ** min(attempt - 1, 20))
        return longest * (0.5 + self._ambient.jitter() / 2)

    def _rest(self, intake: Intake, delay_s: float, stop: Event) -> None:
        end = self._ambient.monotonic() + delay_s
        while (left_s := end - self._ambient.monotonic()) > 0 and not stop.is_set():
            intake.idle(min(left_s, _POLL_S))
            self._meanwhile(intake)

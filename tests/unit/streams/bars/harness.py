"""Drives a bars fold as its owner does: chunks in, outputs and committed state out, a new fold in its place."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from schemas.events.base import Event
from schemas.events.market import BarClosed
from schemas.events.operations import DeadLetter
from schemas.topics import TICKS
from streams.bars.fold import BarsFold
from streams.bars.settings import BarsSettings
from streams.dead_letters import DeadLetterOffice
from streams.fold import Output
from tests.builders import MINUTE, SECOND, T0, Record, codec

CODEC = codec()
MINUTES = BarsSettings(intervals=("1m",), lateness_us=2 * SECOND, kept_window_us=10 * MINUTE)


class Driver:
    """A fold with the state that was committed for it."""

    def __init__(self, settings: BarsSettings = MINUTES, state: dict[bytes, bytes] | None = None) -> None:
        self.settings = settings
        self.state = {} if state is None else state
        self.fold = self._new_fold()
        self._offset = 0

    def give(self, *given: Event | Record) -> list[Output]:
        """Fold events as one chunk, commit, and return the outputs."""
        records = [g if isinstance(g, Record) else as_record(g) for g in given]
        self.apply([replace(r, offset=self._offset + place) for place, r in enumerate(records)])
        self._offset += len(records)
        return self.commit()

    def apply(self, records: Sequence[Record]) -> None:
        self.fold.apply(TICKS, records)

    def commit(self) -> list[Output]:
        emission = self.fold.drain()
        for key, value in emission.changes.items():
            if value is None:
                del self.state[key]  # a record that was never written must not be removed
            else:
                self.state[key] = value
        return emission.outputs

    def restore(self, settings: BarsSettings | None = None) -> None:
        """Put a fold that knows only the committed state in the place of this one."""
        self.settings = settings or self.settings
        self.fold = self._new_fold()

    def _new_fold(self) -> BarsFold:
        fold = BarsFold(CODEC, DeadLetterOffice(CODEC, "bars", 0), self.settings)
        fold.restore(self.state)
        return fold


def as_record(event: Event) -> Record:
    return Record(event.key(), CODEC.encode(event), 0)


def bars(outputs: Iterable[Output]) -> list[BarClosed]:
    return [event for event in map(_decoded, outputs) if isinstance(event, BarClosed)]


def codes(outputs: Iterable[Output]) -> list[str]:
    return [event.code for event in map(_decoded, outputs) if isinstance(event, DeadLetter)]


def at(seconds: float) -> int:
    """A time so many seconds after T0, which begins a minute, an hour and no day."""
    return T0 + round(seconds * SECOND)


def _decoded(output: Output) -> Event:
    return CODEC.decode(output.value)

"""The bars agent: ticks to bars of every interval, by event time. The rules stand in ``BarsFold``."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from schemas.codec import Codec
from schemas.events.market import ClockAdvanced, Tick
from streams.bars.arrays import NEVER, Flags, Ints
from streams.bars.arrival import Arrival, arrival
from streams.bars.checkpoint import Checkpoints
from streams.bars.closed import ClosedBars
from streams.bars.columns import ChunkReader, Reading, Refusal, Ticks
from streams.bars.deadlines import Deadlines
from streams.bars.groups import Groups, Names
from streams.bars.pool import FREE
from streams.bars.settings import BarsSettings
from streams.bars.windows import Windows
from streams.bars.writer import BarWriter, carried
from streams.dead_letters import DeadLetterOffice
from streams.fold import Emission, InputRecord, Output

_RECORDINGS_SPARE = 1_000


@dataclass(slots=True)
class BarsCounts:
    """What the fold has done since it was made."""

    ticks: int = 0
    """Valid ticks that some interval counted."""
    clocks: int = 0
    """Valid clocks."""
    bars: int = 0
    """Bars given out, revisions included."""
    revisions: int = 0
    """Bars of a revision above 0."""
    late_ticks: int = 0
    """Ticks that came after a bar of theirs had closed and corrected it."""
    unpriced_windows: int = 0
    """Times that a window had volume to tell and no price, its own or an earlier one: it gives no bar."""
    dead_letters: Counter[str] = field(default_factory=Counter)
    """By code."""


class _Trigger(NamedTuple):
    """Something that makes a bar, in the order in which bars are given out."""

    position: int
    late: bool
    place: int
    """Of the interval: shortest first."""
    start: int
    symbol: str
    slot: int
    what: int
    """The row of the window that closes; of a late tick its place in the run."""


class BarsFold:
    """Folds market.ticks of one partition into bars.

    - The watermark of a (source, symbol) is the newest event time it has had, or its source's clock. A window [start, end) closes
      when the watermark reaches end + lateness. A window without ticks gives no bar.
    - Open and close are the first and last eligible trade by (event time, sequence), then arrival. Trades that are not eligible for
      price count in the volume only. A window of those alone gives a bar of 0 trades at the last price before it; where there has
      been none, no bar, until a late tick brings a price.
    - A late tick corrects each closed bar it belongs to: one revision for each tick and interval. Where nothing had closed there,
      it makes the first bar, revision 0. A tick older than the kept window is a dead letter, and no interval counts it.
    - Bars are given out by the record that made them, then interval, start and symbol.

    All sums run in the order of arrival: neither chunks nor checkpoints change a bit of any bar.
    """

    def __init__(self, codec: Codec, letters: DeadLetterOffice, settings: BarsSettings) -> None:
        self._letters = letters
        self._settings = settings
        self._groups = Groups()
        self._recordings = Names()
        lengths = np.array([length for _, length in settings.by_length()], np.int64)
        self._windows = Windows(lengths, settings.lateness_us)
        self._closed = ClosedBars(self._windows, self._groups, settings.kept_window_us)
        self._checkpoints = Checkpoints(self._groups, self._recordings, self._windows, self._closed)
        self._reader = ChunkReader(codec, settings, self._groups, self._recordings)
        self._deadlines = Deadlines(self._windows, self._groups, codec.schema_id(Tick.TYPE))
        self._writer = BarWriter(codec, settings, self._groups, self._recordings)
        self._outputs: list[Output] = []
        self._recordings_kept = 0
        self.counts = BarsCounts()

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Take over the state that the last owner committed; StateError where it cannot be read."""
        self._checkpoints.restore(state)

    def may_wait(self, topic: str, records: Sequence[InputRecord]) -> bool:  # noqa: ARG002  # there is one topic
        """Return whether no bar closes with these ticks."""
        return self._deadlines.none_reached(records)

    def apply(self, topic: str, records: Sequence[InputRecord]) -> None:
        """Fold records of market.ticks, in offset order."""
        if not records:
            return
        reading = self._reader.read(records)
        made: list[tuple[int, Output]] = []
        begin = 0
        for position, clock in reading.clocks:
            self.counts.clocks += 1
            if self._tells_more(clock):
                end = int(np.searchsorted(reading.ticks.position, position))
                self._fold_ticks(reading, slice(begin, end), made)
                self._fold_clock(position, clock, made)
                begin = end
        self._fold_ticks(reading, slice(begin, None), made)
        if reading.refusals:
            made += [self._dead_letter(topic, records, refusal) for refusal in reading.refusals]
            made.sort(key=itemgetter(0))
        self._outputs += map(itemgetter(1), made)

    def has_outputs(self) -> bool:
        """Return whether outputs wait to be drained."""
        return bool(self._outputs)

    def drain(self) -> Emission:
        """Return outputs and changed state since the last call, and forget them."""
        if self._closed.sweep():
            self._forget_recordings()
        outputs, self._outputs = self._outputs, []
        return Emission(outputs, self._checkpoints.changes())

    def watermark(self) -> int | None:
        """Return the most advanced watermark of any source and symbol in microseconds since the Unix epoch."""
        return None if self._groups.newest == NEVER else self._groups.newest

    # -- ticks --------------------------------------------------------------------------------------------------------

    def _fold_ticks(self, reading: Reading, part: slice, made: list[tuple[int, Output]]) -> None:
        ticks = reading.ticks.take(part)
        if not len(ticks):
            return
        groups, windows = self._groups, self._windows
        moves = arrival(ticks, groups.watermark[: len(groups)])
        starts = windows.starts(ticks.event_time)
        counted, triggers = self._late(reading, ticks, moves, starts)
        rows = windows.rows(ticks, starts, counted)
        windows.add(ticks, moves.rank, rows, counted)
        groups.advance(moves.groups, moves.after)
        self.counts.ticks += len(ticks)
        due = windows.due(groups.watermark, moves.within(len(groups)))
        if len(due):
            places = moves.triggers(windows.pool.slot[due] // windows.intervals, windows.pool.deadline[due])
            triggers += self._closings(due, ticks.position[places])
        if triggers:
            self._give_out(triggers, due, ticks, made)

    def _late(self, reading: Reading, ticks: Ticks, moves: Arrival, starts: Ints) -> tuple[Flags | None, list[_Trigger]]:
        """Return which windows count which ticks, by interval and tick (None: all do), and the corrections; refuse the too late."""
        settings, windows = self._settings, self._windows
        oldest = np.maximum(moves.before - settings.kept_window_us, self._groups.dropped_until[ticks.group])
        if not (ticks.event_time < np.maximum(moves.before - settings.lateness_us, oldest)).any():
            return None, []
        too_late = ticks.event_time < oldest
        for place in np.flatnonzero(too_late).tolist():
            found = f"{ticks.event_time[place]}, watermark {moves.before[place]}"
            message = f"expected an event time of at least {oldest[place]} us, found {found}"
            reading.refusals.append(Refusal(int(ticks.position[place]), "too_late", message))
        closed = starts + windows.lengths[:, None] + settings.lateness_us <= moves.before
        late = closed & ~too_late
        self.counts.ticks -= int(too_late.sum())
        self.counts.late_ticks += int(late.any(axis=0).sum())
        corrections = [
            _Trigger(position, True, interval, start, "", group * windows.intervals + interval, place)
            for interval, place, position, group, start in zip(
                *(column.tolist() for column in np.nonzero(late)),
                np.broadcast_to(ticks.position, late.shape)[late].tolist(),
                np.broadcast_to(ticks.group, late.shape)[late].tolist(),
                starts[late].tolist(),
                strict=True,
            )
        ]
        return ~(closed | too_late), corrections

    # -- clocks -------------------------------------------------------------------------------------------------------

    def _tells_more(self, clock: ClockAdvanced) -> bool:
        if not clock.symbols:
            return clock.at > self._groups.clocks.get(clock.source, NEVER)
        groups = [self._groups.number(clock.source, symbol) for symbol in clock.symbols]
        return bool((self._groups.watermark[groups] < clock.at).any())

    def _fold_clock(self, position: int, clock: ClockAdvanced, made: list[tuple[int, Output]]) -> None:
        moved = self._groups.advance_clock(clock.source, clock.at, clock.symbols)
        within = np.zeros(len(self._groups), np.bool_)
        within[moved] = True
        due = self._windows.due(self._groups.watermark, within)
        if len(due):
            # What a clock closes is gone from the open windows of its groups: their state has changed.
            self._groups.changed[self._windows.pool.slot[due] // self._windows.intervals] = True
            self._give_out(self._closings(due, np.full(len(due), position)), due, None, made)

    # -- bars ---------------------------------------------------------------------------------------------------------

    def _closings(self, rows: Ints, positions: Ints) -> list[_Trigger]:
        pool, intervals, symbols = self._windows.pool, self._windows.intervals, self._groups.symbols
        columns = zip(positions.tolist(), pool.slot[rows].tolist(), pool.start[rows].tolist(), rows.tolist(), strict=True)
        return [
            _Trigger(position, False, slot % intervals, start, symbols[slot // intervals], slot, row)
            for position, slot, start, row in columns
        ]

    def _give_out(self, triggers: list[_Trigger], due: Ints, ticks: Ticks | None, made: list[tuple[int, Output]]) -> None:
        """Make the bars of closed and corrected windows, in their order: a correction sees what was closed before it only."""
        windows = self._windows
        closing = dict(zip(due.tolist(), windows.read(due), strict=True))
        for trigger in sorted(triggers):
            if trigger.late and ticks is not None:
                row, window = windows.correct(ticks, trigger.what, trigger.slot, trigger.start)
            else:
                row = trigger.what
                window = closing[row]
            self._closed.note(row, trigger.slot, trigger.start, priced=window.trades > 0)
            if not window.trades:
                price = self._closed.price_before(trigger.slot, trigger.start)
                if price is None:
                    self.counts.unpriced_windows += 1
                    continue
                window = carried(window, price)
            windows.pool.revision[row] += 1
            self.counts.bars += 1
            self.counts.revisions += window.revision > 0
            made.append((trigger.position, self._writer.output(window)))

    def _dead_letter(self, topic: str, records: Sequence[InputRecord], refusal: Refusal) -> tuple[int, Output]:
        self.counts.dead_letters[refusal.code] += 1
        return refusal.position, self._letters.letter(topic, records[refusal.position], refusal.code, refusal.message)

    def _forget_recordings(self) -> None:
        """Forget names of recordings that no window names, once most do not."""
        if len(self._recordings) < 2 * self._recordings_kept + _RECORDINGS_SPARE:
            return
        pool = self._windows.pool
        rows = np.flatnonzero((pool.status != FREE) & (pool.trades > 0))
        used = np.unique([pool.first_recording[rows], pool.last_recording[rows]])
        renumbered = self._recordings.keep(used.tolist())
        pool.first_recording[rows] = renumbered[pool.first_recording[rows]]
        pool.last_recording[rows] = renumbered[pool.last_recording[rows]]
        self._reader.forget()
        self._recordings_kept = len(self._recordings)

"""A chunk of records as columns of valid ticks; clocks and what is refused apart.

A record costs a few array elements and one dictionary look-up: all that follows the sequence in a tick (symbol, source, recording,
conditions) takes few different values, so those bytes are checked once and remembered. What does not fit is decoded in the ordinary
way, which also finds the words for what is wrong with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import eq

import numpy as np

from schemas.codec import Codec, CodecError
from schemas.events.market import ClockAdvanced, Tick
from schemas.tick_columns import TickColumns, decode_tick_columns
from schemas.values import MICROS_MIN
from streams.bars.arrays import Flags, Floats, Ints, grown
from streams.bars.groups import Groups, Names
from streams.bars.settings import BarsSettings
from streams.fold import InputRecord

AMOUNT_MAX = 1e150
"""Prices and sizes beyond this are refused: sums of their products have to stay finite."""
_COUNT_END = 2**62
_TAILS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Ticks:
    """Valid ticks in the order of arrival."""

    position: Ints
    """Place in the chunk."""
    group: Ints
    recording: Ints
    event_time: Ints
    sequence: Ints
    price: Floats
    size: Floats
    eligible: Flags

    def __len__(self) -> int:
        return len(self.position)

    def take(self, which: slice | Flags) -> "Ticks":
        """Return some of them."""
        return Ticks(
            self.position[which],
            self.group[which],
            self.recording[which],
            self.event_time[which],
            self.sequence[which],
            self.price[which],
            self.size[which],
            self.eligible[which],
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the record at a position of the chunk becomes a dead letter."""

    position: int
    code: str
    message: str


@dataclass(slots=True)
class Reading:
    """What a chunk holds."""

    ticks: Ticks
    clocks: list[tuple[int, ClockAdvanced]]
    refusals: list[Refusal]


class RefusedError(ValueError):
    """A record that cannot be folded."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ChunkReader:
    """Reads chunks of market.ticks."""

    def __init__(self, codec: Codec, settings: BarsSettings, groups: Groups, recordings: Names) -> None:
        self._codec = codec
        self._settings = settings
        self._groups = groups
        self._recordings = recordings
        self._earliest = MICROS_MIN + settings.by_length()[-1][1]  # a window that begins before all times is no valid bar
        self._schema_id = codec.schema_id(Tick.TYPE)
        self.forget()

    def forget(self) -> None:
        """Forget what was remembered of tails; after recordings were renumbered it would be wrong."""
        self._tails: dict[bytes, int] = {}
        self._keys = [b""]  # tail 0 is the unknown one
        self._group_of = np.zeros(64, np.int64)
        self._recording_of = np.zeros(64, np.int64)

    def read(self, records: Sequence[InputRecord]) -> Reading:
        """Return the valid ticks of a chunk as columns, its clocks, and what is refused; never raises for bad data."""
        if len(self._tails) > _TAILS_MAX:
            self.forget()
        values = [record.value or b"" for record in records]
        if max(map(len, values)) > self._settings.max_record_bytes:
            values = [value if len(value) <= self._settings.max_record_bytes else b"" for value in values]
        columns = decode_tick_columns(values, self._schema_id)
        tails = self._tails_of(values, columns)
        ticks = Ticks(
            position=np.arange(len(values)),
            group=self._group_of[tails],
            recording=self._recording_of[tails],
            event_time=columns.event_time,
            sequence=columns.sequence,
            price=columns.price,
            size=columns.size,
            eligible=columns.eligible,
        )
        valid = self._valid(records, columns, tails)
        reading = Reading(ticks, [], [])
        if not valid.all():
            for position in np.flatnonzero(~valid).tolist():
                valid[position] = self._read_slowly(reading, position, records[position])
        self._refuse_future(reading, valid, records)
        if not valid.all():
            reading.ticks = ticks.take(valid)
        return reading

    def _tails_of(self, values: Sequence[bytes], columns: TickColumns) -> Ints:
        """Return the number of each record's tail, 0 where it is no valid one."""
        tails = [value[at:] for value, at in zip(values, columns.strings_at.tolist(), strict=True)]
        numbers = np.fromiter(map(self._tails.get, tails, repeat(0)), np.int64, len(tails))
        if not numbers.all():
            for position in np.flatnonzero(columns.plain & (numbers == 0)).tolist():
                numbers[position] = self._tails.get(tails[position]) or self._learn(tails[position], values[position])
        return numbers

    def _learn(self, tail: bytes, value: bytes) -> int:
        """Remember a tail and return its number; 0 where it breaks a rule of ticks."""
        try:
            _, record = self._codec.decode_record(value)
            # The numbers of this one tick say nothing about its tail: others will come with it.
            tick = Tick.model_validate(record | {"event_time": 0, "price": 1.0, "size": 0.0, "sequence": 0})
        except ValueError:
            return 0
        number = self._tails[tail] = len(self._keys)
        self._keys.append(tick.key())
        if number == len(self._group_of):
            self._group_of = grown(self._group_of, 2 * number, 0)
            self._recording_of = grown(self._recording_of, 2 * number, 0)
        self._group_of[number] = self._groups.number(tick.source, tick.symbol)
        self._recording_of[number] = self._recordings.number(tick.recording)
        return number

    def _valid(self, records: Sequence[InputRecord], columns: TickColumns, tails: Ints) -> Flags:
        valid: Flags = (
            columns.plain
            & (tails > 0)
            & (columns.price > 0)
            & (columns.price <= AMOUNT_MAX)
            & (columns.size >= 0)
            & (columns.size <= AMOUNT_MAX)
            & (columns.sequence >= 0)
            & (columns.sequence < _COUNT_END)
        )
        keys = [record.key for record in records]
        expected = list(map(self._keys.__getitem__, tails.tolist()))
        if keys != expected:
            valid &= np.fromiter(map(eq, keys, expected), np.bool_, len(keys))
        return valid

    def _read_slowly(self, reading: Reading, position: int, record: InputRecord) -> bool:
        """Take over one record that is no plain tick; return whether it is a valid tick, then its columns are set."""
        try:
            event = self._event(record)
        except RefusedError as error:
            reading.refusals.append(Refusal(position, error.code, str(error)))
            return False
        if isinstance(event, ClockAdvanced):
            reading.clocks.append((position, event))
            return False
        ticks = reading.ticks
        ticks.group[position] = self._groups.number(event.source, event.symbol)
        ticks.recording[position] = self._recordings.number(event.recording)
        ticks.event_time[position] = event.event_time
        ticks.sequence[position] = event.sequence
        ticks.price[position] = event.price
        ticks.size[position] = event.size
        ticks.eligible[position] = event.price_eligible
        return True

    def _event(self, record: InputRecord) -> Tick | ClockAdvanced:
        length = len(record.value or b"")
        if length > self._settings.max_record_bytes:
            raise RefusedError("oversize", f"expected at most {self._settings.max_record_bytes} bytes, found {length}")
        try:
            event = self._codec.decode(record.value)
        except CodecError as error:
            raise RefusedError(error.code, str(error)) from error
        if isinstance(event, ClockAdvanced):
            # A source that has ended may say so of any time; one that goes on cannot have told the future.
            if event.reason != "ended" and event.at > self._latest(record):
                raise RefusedError("future", _ahead(event.at, record, self._settings))
            return event
        if not isinstance(event, Tick):
            raise RefusedError("bad_value", f"expected {Tick.TYPE} or {ClockAdvanced.TYPE}, found {event.TYPE}")
        if record.key != event.key():
            raise RefusedError("bad_value", f"expected the symbol {event.symbol!r} as key, found {record.key!r}")
        if max(event.price, event.size) > AMOUNT_MAX:
            raise RefusedError("bad_value", f"expected price and size up to {AMOUNT_MAX}, found {event.price} and {event.size}")
        if event.event_time < self._earliest:
            raise RefusedError("bad_value", f"expected an event time of at least {self._earliest} us, found {event.event_time}")
        return event

    def _refuse_future(self, reading: Reading, valid: Flags, records: Sequence[InputRecord]) -> None:
        appended_ms = np.fromiter([record.timestamp for record in records], np.int64, len(records))
        future = valid & (reading.ticks.event_time > appended_ms * 1000 + self._settings.max_future_us)
        if not future.any():
            return
        for position in np.flatnonzero(future).tolist():
            message = _ahead(int(reading.ticks.event_time[position]), records[position], self._settings)
            reading.refusals.append(Refusal(position, "future", message))
        valid &= ~future

    def _latest(self, record: InputRecord) -> int:
        return record.timestamp * 1000 + self._settings.max_future_us


def _ahead(at: int, record: InputRecord, settings: BarsSettings) -> str:
    allowed_s = settings.max_future_us / 1e6
    found_s = (at - record.timestamp * 1000) / 1e6
    return f"expected a time at most {allowed_s:g} s ahead of the record's append time, found {found_s:.6f} s"

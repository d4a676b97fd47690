"""A file of trades: checked at the edge, column by column, and rendered as ticks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.events.market import Tick
from schemas.headers import required_headers
from schemas.partitioner import partition_of
from schemas.tick_encoding import TickEncoder
from schemas.values import SYMBOL_PATTERN
from streams.sources.blocks import RowBlock
from streams.sources.checks import Checks, blank_rows, read_distinct, read_flag, read_numbers
from streams.sources.problems import BadRow
from streams.sources.records import Record
from streams.sources.time_columns import read_times
from streams.sources.times import TimeReading

VOLUME_ONLY = frozenset("CHIMNQRTUVW7")
"""Sale conditions of the US tapes (CTA and UTP plans) that do not update the last price: cash, price variation, odd lot, official
close, next day, official open, seller, extended hours, sold out of sequence, contingent, average price, qualified contingent."""

_SYMBOL = re.compile(SYMBOL_PATTERN)
_SEPARATORS = re.compile(r"[\s,;|]+")
_CONDITIONS_MAX = 64


@dataclass(frozen=True, slots=True)
class TickRows:
    """Valid trades in the order of the file, column by column."""

    sequence: NDArray[np.int64]
    """Row of the file, from 0 after the header, bad rows counted: part of a tick's identity."""
    event_time: NDArray[np.int64]
    price: NDArray[np.float64]
    size: NDArray[np.float64]
    eligible: NDArray[np.bool_]
    labels: tuple[tuple[str, str], ...]
    """Each combination of symbol and conditions."""
    label_of: NDArray[np.int64]

    def part(self, chosen: slice | NDArray[np.bool_]) -> "TickRows":
        """Return some of the rows."""
        return TickRows(
            self.sequence[chosen],
            self.event_time[chosen],
            self.price[chosen],
            self.size[chosen],
            self.eligible[chosen],
            self.labels,
            self.label_of[chosen],
        )


@dataclass(frozen=True, slots=True)
class TickReading:
    """What a file of trades does not say of itself."""

    times: TimeReading
    symbol: str | None = None
    """Of every row, where the file has no column of them."""
    volume_only: frozenset[str] = VOLUME_ONLY
    """Conditions that make a trade count in volume only."""


def read_ticks(block: RowBlock, reading: TickReading) -> tuple[TickRows, list[BadRow]]:
    """Return the valid trades of a block, and the rows that are none."""
    checks = Checks(block)
    columns = block.columns
    blank = blank_rows(block)
    checks.good &= ~blank
    times = read_times(columns["event_time"], reading.times)
    checks.refuse("event_time", times.reasons)
    price, readable = read_numbers(columns["price"])
    checks.require("price", readable & np.isfinite(price) & (price > 0), "a finite price above 0")
    size, readable = read_numbers(columns["size"])
    checks.require("size", readable & np.isfinite(size) & (size >= 0), "a finite size of 0 or more")
    symbols, symbol_of = _symbols(block, reading, checks)
    conditions, condition_of, eligible = _conditions(block, reading, checks)
    pairs, label_of = np.unique(symbol_of * len(conditions) + condition_of, return_inverse=True)
    labels = tuple((symbols[pair // len(conditions)], conditions[pair % len(conditions)]) for pair in pairs.tolist())
    rows = TickRows(block.rows, times.micros, price, size, eligible, labels, label_of)
    return rows.part(checks.good), [*block.malformed, *checks.bad_rows()]


def _symbols(block: RowBlock, reading: TickReading, checks: Checks) -> tuple[list[str], NDArray[np.int64]]:
    if "symbol" not in block.columns:
        return [reading.symbol or ""], np.zeros(len(block.rows), np.int64)
    symbols, symbol_of = read_distinct(block.columns["symbol"], str)
    known = np.array([_SYMBOL.fullmatch(symbol) is not None for symbol in symbols], np.bool_)
    checks.require("symbol", known[symbol_of], "a symbol of 1 to 16 capital letters, digits, dots, dashes")
    return symbols, symbol_of


def _conditions(block: RowBlock, reading: TickReading, checks: Checks) -> tuple[list[str], NDArray[np.int64], NDArray[np.bool_]]:
    rows = len(block.rows)
    conditions, condition_of, eligible = [""], np.zeros(rows, np.int64), np.ones(rows, np.bool_)
    if "conditions" in block.columns:
        conditions, condition_of = read_distinct(block.columns["conditions"], str)
        short = np.array([len(text) <= _CONDITIONS_MAX for text in conditions], np.bool_)
        checks.require("conditions", short[condition_of], f"at most {_CONDITIONS_MAX} characters")
        counts = np.array([not _codes(text) & reading.volume_only for text in conditions], np.bool_)
        eligible = counts[condition_of]
    if "price_eligible" in block.columns:
        flags, flag_of = read_distinct(_as_text(block.columns["price_eligible"]), read_flag)
        known = np.array([flag is not None for flag in flags], np.bool_)
        checks.require("price_eligible", known[flag_of], "true or false")
        eligible = np.array([flag is True for flag in flags], np.bool_)[flag_of]
    return conditions, condition_of, eligible


def _codes(conditions: str) -> set[str]:
    """Return the condition codes of a trade: words, and the single characters of a word that begins with the tapes' ``@``."""
    words = set(_SEPARATORS.split(conditions))
    return words.union(*(word for word in words if word.startswith("@")))


def _as_text(column: Any) -> Any:
    return column if pa.types.is_binary(column.type) else column.cast(pa.string())


class TickRenderer:
    """Renders valid trades of one recording as Kafka records."""

    def __init__(self, schema_id: int, source: str, recording: str, partitions: int) -> None:
        self._encoder = TickEncoder(schema_id, source, recording)
        self._id_prefix = f"{source}/{recording}/".encode()
        self._headers = required_headers(Tick.TYPE, "", f"/sources/{source}")
        self._partitions = partitions

    def records(self, rows: TickRows) -> Iterator[Record]:
        """Render a record for each trade; one at a time, so that the garbage collector has nothing to look through."""
        keys = [symbol.encode() for symbol, _ in rows.labels]
        label_of = rows.label_of.tolist()
        tails = _each([self._encoder.tail(*label) for label in rows.labels], label_of)
        values = self._encoder.encode(rows.event_time, rows.price, rows.size, rows.eligible, rows.sequence, tails)
        partitions = _each([partition_of(key, self._partitions) for key in keys], label_of)
        version, kind, _, origin = self._headers
        prefix = self._id_prefix
        headers = ([version, kind, ("ce_id", b"%s%d" % (prefix, sequence)), origin] for sequence in rows.sequence.tolist())
        return zip(values, _each(keys, label_of), partitions, headers, strict=True)


def _each(of_label: list[Any], label_of: list[int]) -> list[Any]:
    if len(of_label) == 1:
        return of_label * len(label_of)
    return [of_label[label] for label in label_of]

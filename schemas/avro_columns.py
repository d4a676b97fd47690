"""The same field of many Avro records at once: a place in each record, moved on field by field, for the whole chunk with NumPy.

An event decoder names its fields in their order and gets columns, without an object for each record. A record that does not
have the expected shape (another schema id, cut short, an array longer than allowed for) loses its ``plain`` flag, its columns
say nothing, and it is left to the ordinary decoder.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from schemas.codec import PREFIX_BYTES
from schemas.registry import Catalogue

NO_SCHEMA_ID = 2**32 - 1
"""No record has it: with it, none is plain."""

_VARINT_MAX = 10
_CONTINUES = np.uint8(0x80)
_VALUE_BITS = np.uint8(0x7F)
_ONE = np.uint64(1)


def layout_id(catalogue: Catalogue, event_type: str, version: int) -> int:
    """Return the schema id of a column decoder's layout, as long as that is what events are written with; else NO_SCHEMA_ID.

    Once there is a newer version, old records have to be brought up to date too: that is the ordinary decoder's work.
    """
    current = catalogue.current[event_type]
    return current.id if current.version == version else NO_SCHEMA_ID


@dataclass(frozen=True, slots=True)
class Spans:
    """Where a string lies in each record: [start, end) in the joined bytes."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]


class ColumnReader:
    """Reads records of one schema id, field by field in the schema's order, then ``finish``."""

    def __init__(self, values: Sequence[bytes], schema_id: int, widest: int) -> None:
        """``widest``: the bytes of the widest group of doubles that is going to be read."""
        lengths = np.fromiter(map(len, values), np.int64, len(values))
        ends = np.cumsum(lengths)
        self._data = b"".join(values)
        self._octets = np.frombuffer(self._data + bytes(max(widest, _VARINT_MAX)), np.uint8)
        self._end = ends
        starts = ends - lengths
        prefix = np.frombuffer(b"\x00" + schema_id.to_bytes(4, "big"), np.uint8)
        self.plain: NDArray[np.bool_] = lengths >= PREFIX_BYTES
        self.plain &= (sliding_window_view(self._octets, PREFIX_BYTES)[starts] == prefix).all(axis=1)
        self._at = np.minimum(starts + PREFIX_BYTES, ends)

    def doubles(self, count: int) -> NDArray[np.float64]:
        """Read ``count`` doubles that follow each other; one row for each record."""
        octets = sliding_window_view(self._octets, 8 * count)[self._at]
        self._move(np.int64(8 * count))
        numbers: NDArray[np.float64] = octets.view("<f8")
        return numbers

    def long(self) -> NDArray[np.int64]:
        """Read an int, long, enum index or length: a zigzag varint."""
        value = np.zeros(len(self._at), np.uint64)
        going = np.ones(len(self._at), np.bool_)
        width = np.zeros(len(self._at), np.int64)
        for place in range(_VARINT_MAX):
            octet = self._octets[np.minimum(self._at + place, len(self._octets) - 1)]
            part = (octet & _VALUE_BITS).astype(np.uint64) << np.uint64(7 * place)
            value |= np.where(going, part, np.uint64(0))
            width += going
            going = going & (octet >= _CONTINUES)
            if not going.any():
                break
        self.plain &= ~going
        self._move(width)
        return (value >> _ONE).astype(np.int64) ^ -(value & _ONE).astype(np.int64)

    def boolean(self) -> NDArray[np.bool_]:
        """Read a boolean."""
        octet = self._octets[self._at]
        self.plain &= octet <= 1
        self._move(np.int64(1))
        return np.asarray(octet == 1)

    def string(self) -> Spans:
        """Read where a string lies."""
        return self._string(np.ones(len(self._at), np.bool_))

    def strings(self, most: int) -> list[tuple[NDArray[np.bool_], Spans]]:
        """Read an array of at most ``most`` strings in one block: for each place, which records have it and where it lies."""
        count = self.long()
        self.plain &= (count >= 0) & (count <= most)
        count = np.where(self.plain, count, 0)
        places = []
        for place in range(int(count.max(initial=0))):
            present = count > place
            places.append((present, self._string(present)))
        closing = count > 0
        self.plain &= ~closing | (self._octets[self._at] == 0)
        self._move(closing.astype(np.int64))
        return places

    def finish(self) -> NDArray[np.bool_]:
        """Return which records were read to their last byte: only those are plain."""
        self.plain &= self._at == self._end
        return self.plain

    def texts(self, spans: Spans) -> list[str]:
        """Return a string of each record; empty, and the record no longer plain, where it is no UTF-8."""
        return self.texts_of(spans, np.arange(len(spans.start)))

    def texts_of(self, spans: Spans, rows: NDArray[np.int64]) -> list[str]:
        """Return a string of some records, in the order of ``rows``."""
        if self._is_one_text(spans, rows):
            return [self._latin[spans.start[rows[0]] : spans.end[rows[0]]]] * len(rows)
        bounds = list(zip(spans.start[rows].tolist(), spans.end[rows].tolist(), strict=True))
        whole = self._latin
        texts = [whole[start:end] for start, end in bounds]
        if "".join(texts).isascii():
            return texts
        return [text if text.isascii() else self._decoded(int(row), *at) for text, row, at in zip(texts, rows, bounds, strict=True)]

    def check_texts(self, spans: Spans) -> None:
        """Take their plain flag from records whose string is no UTF-8; for strings that nobody needs as text."""
        for row in np.flatnonzero(self._beyond_ascii[spans.end] > self._beyond_ascii[spans.start]).tolist():
            self._decoded(row, int(spans.start[row]), int(spans.end[row]))

    @cached_property
    def _beyond_ascii(self) -> NDArray[np.int64]:
        """How many octets before each place are not ASCII."""
        count = np.zeros(len(self._octets) + 1, np.int64)
        np.cumsum(self._octets >= _CONTINUES, out=count[1:])
        return count

    def _is_one_text(self, spans: Spans, rows: NDArray[np.int64]) -> bool:
        """Tell whether all records say the same in ASCII, as a chunk of one source does; looked into only if the ends agree."""
        if len(rows) == 0 or not self.plain[rows[0]]:
            return False
        start, end = int(spans.start[rows[0]]), int(spans.end[rows[0]])
        text = self._data[start:end]
        if text != self._data[int(spans.start[rows[-1]]) : int(spans.end[rows[-1]])] or start == end:
            return False
        if not text.isascii():
            return False
        starts = spans.start[rows]
        if not (spans.end[rows] - starts == end - start).all():
            return False
        return bool((sliding_window_view(self._octets, end - start)[starts] == np.frombuffer(text, np.uint8)).all())

    @cached_property
    def _latin(self) -> str:
        return self._data.decode("latin-1")

    def _decoded(self, row: int, start: int, end: int) -> str:
        try:
            return self._data[start:end].decode()
        except UnicodeDecodeError:
            self.plain[row] = False
            return ""

    def _string(self, present: NDArray[np.bool_]) -> Spans:
        before, plain = self._at, self.plain.copy()
        length = self.long()
        self.plain = plain & (self.plain | ~present)
        self._at = np.where(present, self._at, before)
        start = self._at
        self.plain &= ~present | (length >= 0)
        self._move(np.where(present & self.plain, length, 0))
        return Spans(start, self._at)

    def _move(self, by: NDArray[np.int64] | np.int64) -> None:
        moved = self._at + by
        self.plain &= (moved <= self._end) & (moved >= self._at)
        self._at = np.clip(moved, 0, self._end)

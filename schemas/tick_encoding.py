"""Ticks from columns to bytes, without an object for each tick: the counterpart of ``schemas.tick_columns``.

What changes from tick to tick (time, price, size, eligible, sequence) is rendered with NumPy for a whole block. The strings after
it are few, so each combination is rendered once and kept. The bytes are those that ``Codec.encode`` gives.
"""

import numpy as np
from numpy.typing import NDArray

from schemas.codec import PREFIX_BYTES

_DOUBLE_BYTES = 8
_VARINT_MAX = 10


class TickEncoder:
    """Renders the ticks of one recording. Values are taken as they are: what is not valid has to be refused before."""

    def __init__(self, schema_id: int, source: str, recording: str) -> None:
        self._prefix = np.frombuffer(b"\x00" + schema_id.to_bytes(PREFIX_BYTES - 1, "big"), np.uint8)
        self._of_recording = _string(source) + _string(recording)
        self._tails: dict[tuple[str, str], bytes] = {}

    def tail(self, symbol: str, conditions: str) -> bytes:
        """Return what follows the sequence: symbol, source, recording, conditions."""
        known = self._tails.get((symbol, conditions))
        if known is None:
            known = self._tails[symbol, conditions] = _string(symbol) + self._of_recording + _string(conditions)
        return known

    def encode(
        self,
        event_time: NDArray[np.int64],
        price: NDArray[np.float64],
        size: NDArray[np.float64],
        eligible: NDArray[np.bool_],
        sequence: NDArray[np.int64],
        tails: list[bytes],
    ) -> list[bytes]:
        """Return the bytes of each tick; ``tails`` has one element for each, as ``tail`` returns it."""
        times, sequences = _zigzag(event_time), _zigzag(sequence)
        time_bytes, sequence_bytes = _varint_bytes(times), _varint_bytes(sequences)
        heads = np.empty(len(times), object)
        for shape in np.unique(time_bytes * (_VARINT_MAX + 1) + sequence_bytes):
            of_time, of_sequence = divmod(int(shape), _VARINT_MAX + 1)
            chosen = np.flatnonzero((time_bytes == of_time) & (sequence_bytes == of_sequence))
            price_at = PREFIX_BYTES + of_time
            eligible_at = price_at + 2 * _DOUBLE_BYTES
            block = np.empty((len(chosen), eligible_at + 1 + of_sequence), np.uint8)
            block[:, :PREFIX_BYTES] = self._prefix
            _put_varint(block[:, PREFIX_BYTES:price_at], times[chosen])
            block[:, price_at : price_at + _DOUBLE_BYTES] = _octets(price[chosen])
            block[:, price_at + _DOUBLE_BYTES : eligible_at] = _octets(size[chosen])
            block[:, eligible_at] = eligible[chosen]
            _put_varint(block[:, eligible_at + 1 :], sequences[chosen])
            heads[chosen] = block.view(f"V{block.shape[1]}")[:, 0].astype(object)
        return [head + tail for head, tail in zip(heads.tolist(), tails, strict=True)]


def _string(text: str) -> bytes:
    octets = text.encode()
    length, head = len(octets) << 1, bytearray()
    while length > 0x7F:  # noqa: PLR2004  # seven bits to a byte of a varint
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + octets


def _octets(numbers: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(numbers, "<f8").view(np.uint8).reshape(-1, _DOUBLE_BYTES)


def _zigzag(numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    folded: NDArray[np.uint64] = ((numbers << 1) ^ (numbers >> 63)).astype(np.uint64)
    return folded


def _varint_bytes(numbers: NDArray[np.uint64]) -> NDArray[np.int64]:
    length = np.ones(len(numbers), np.int64)
    for more in range(1, _VARINT_MAX):
        length += numbers >= np.uint64(1 << 7 * more)
    return length


def _put_varint(block: NDArray[np.uint8], numbers: NDArray[np.uint64]) -> None:
    last = block.shape[1] - 1
    for place in range(last + 1):
        septet = ((numbers >> np.uint64(7 * place)) & np.uint64(0x7F)).astype(np.uint8)
        block[:, place] = septet if place == last else septet | np.uint8(0x80)

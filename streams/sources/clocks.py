"""What a recording states of time, from its content alone: after which events nothing earlier than a time follows.

The times are multiples of the heartbeat interval. Each is stated as soon as every event up to it is told, once, and never
before the first event. So quiet symbols move on with the others, and a file that is not in the order of time states less.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from schemas.codec import Codec
from schemas.events.market import ClockAdvanced
from streams.sources.records import FAR, EventBlock, Record, record_of


@dataclass(frozen=True, slots=True)
class Timeline:
    """A block's events with the heartbeats between them, in the order in which they are written."""

    times: NDArray[np.int64]
    """When each is due: an event at its time, a heartbeat at the time that it states."""
    event: NDArray[np.int64]
    """Place of the event in its block; -1 for a heartbeat."""


class Heartbeats:
    """Finds the heartbeats of one feed, block after block."""

    def __init__(self, interval_us: int | None, begins_at: int) -> None:
        self._interval_us = interval_us
        self._stated = None if interval_us is None else (begins_at - 1) // interval_us

    def timeline(self, block: EventBlock) -> Timeline:
        """Return the next block with its heartbeats."""
        places = np.arange(len(block.times))
        if self._interval_us is None or self._stated is None:
            return Timeline(block.times, places)
        follows = np.minimum.accumulate(np.append(block.times[1:], block.following)[::-1])[::-1]
        beats = np.where(follows == FAR, self._stated, (follows - 1) // self._interval_us)
        before = np.maximum.accumulate(np.concatenate(([self._stated], beats)))[:-1]
        after = np.flatnonzero(beats > before)
        self._stated = int(max(self._stated, beats.max(initial=self._stated)))
        return Timeline(
            np.insert(block.times, after + 1, beats[after] * self._interval_us),
            np.insert(places, after + 1, -1),
        )


def clock_records(codec: Codec, source: str, at: int, reason: Literal["heartbeat", "ended"], partitions: int) -> list[Record]:
    """Return the records, one for each partition, in which a source states how far it has told."""
    event = ClockAdvanced(source=source, at=at, reason=reason)
    value, key, _, headers = record_of(event, codec, 0)
    return [(value, key, partition, headers) for partition in range(partitions)]

"""Records for folds, and what a binary COPY holds."""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from projections.pgcopy import HEADER, TRAILER
from projections.records import Records
from schemas.events.base import Event
from schemas.events.recommendations import RecommendationMade
from schemas.events.signals import FeaturesComputed
from schemas.samples import samples
from tests.builders import codec

CODEC = codec()


def records(*values: bytes | Event | None) -> Records:
    """Records of partition 3 from offset 100 on."""
    encoded = [CODEC.encode(value) if isinstance(value, Event) else value for value in values]
    return Records(np.full(len(values), 3, np.int32), np.arange(100, 100 + len(values)), encoded)


def recommendation(**changes: Any) -> RecommendationMade:
    [event] = [one for one in samples() if isinstance(one, RecommendationMade)]
    return event.model_copy(update=changes)


def features(**changes: Any) -> FeaturesComputed:
    [event] = [one for one in samples() if isinstance(one, FeaturesComputed)]
    return event.model_copy(update=changes)


def copied(data: bytes) -> list[list[bytes]]:
    """The fields of each row of a binary COPY."""
    assert data.startswith(HEADER)
    assert data.endswith(TRAILER)
    rows, at = [], len(HEADER)
    while data[at : at + 2] != TRAILER:
        (count,) = struct.unpack_from(">h", data, at)
        at += 2
        row = []
        for _ in range(count):
            (length,) = struct.unpack_from(">i", data, at)
            row.append(data[at + 4 : at + 4 + length])
            at += 4 + length
        rows.append(row)
    assert at == len(data) - 2
    return rows


def doubles_of(field: bytes) -> Sequence[float]:
    """The numbers of a double precision[] column of one dimension."""
    dimensions, nulls, oid, size, first = struct.unpack_from(">iiIii", field)
    assert (1, 0, 701, 1) == (dimensions, nulls, oid, first)
    items = struct.unpack_from(">" + "id" * size, field, 20)
    assert {8} == set(items[::2])
    return items[1::2]

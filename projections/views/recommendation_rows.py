"""RecommendationMade events to rows of the read model: rendered once, when stored, as the API answers them ever after."""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import orjson

from projections.checks import Names, is_storable_time, is_uuid
from projections.pgcopy import HEADER, POSTGRES_EPOCH, TRAILER, array_fields, text_field
from projections.records import Flaw, Folded, Records, UnstorableError, judged
from schemas.codec import Codec, CodecError
from schemas.events.recommendations import RecommendationMade
from schemas.features import FEATURE_NAMES
from schemas.packed import packed_catalogue
from schemas.values import iso

VECTORS = ("raw", "normalised", "contributions")
_VECTOR_BYTES = 8 * len(FEATURE_NAMES)

COLUMNS = (
    "id, features_id, confidence, score, threshold, decided_at, valid_until, price, synthetic, kafka_partition, kafka_offset,"
    ' kafka_topic, symbol, "interval", action, source, model_id, feature_set'
)
EXPLANATION_COLUMNS = "recommendation_id, summary, rendered, raw, normalised, contributions"
"""In the order of the rows' bytes; those of fixed width first."""
_FIXED = struct.Struct(">hi16si16sidididiqiqidi?iiiq")
_EXPLANATION_FIXED = struct.Struct(">hi16s")
_NAMES = ("symbol", "interval", "action", "source", "model_id", "feature_set")
_COLUMN_COUNT = len(COLUMNS.split(","))
_EXPLANATION_COLUMN_COUNT = len(EXPLANATION_COLUMNS.split(","))

_SECOND_US, _DAY_US = 1_000_000, 86_400_000_000
_DATE_LENGTH, _TIME_LENGTH = len("2026-01-31T"), len("2026-01-31T23:59:59")

_HEAD = ("id", "symbol", "interval", "action", "confidence", "score", "threshold", "decided_at", "valid_until", "price", "source")
_HEAD_END = ("model_id", "features_id", "feature_set", "synthetic", "missing", "probabilities")
_EXPLANATION = ("summary", "sentences", "families", "held_back", "base_score")


def render(event: Mapping[str, Any], features: bool = False) -> bytes:
    """Return a recommendation as JSON, from the fields of its event; with ``features``, the three vectors by name too."""
    body = _body(event, iso(event["decided_at"]), iso(event["valid_until"]))
    if features:
        body["features"] = {name: dict(event[name]) for name in VECTORS}
    return orjson.dumps(body)


def event_of(body: bytes, vectors: Sequence[Sequence[float]], times: tuple[int, int]) -> RecommendationMade:
    """Return the event that a stored row was made from: its rendered body, its vectors and its two times."""
    fields = orjson.loads(body)
    fields |= fields.pop("explanation")
    fields |= {name: dict(zip(FEATURE_NAMES, vector, strict=True)) for name, vector in zip(VECTORS, vectors, strict=True)}
    fields["decided_at"], fields["valid_until"] = times
    return RecommendationMade.model_validate(fields)


@dataclass(frozen=True, slots=True)
class Copies:
    """Rows as the bytes of a binary COPY into each of the two tables; both are empty where there are no rows."""

    recommendations: bytes
    explanations: bytes


class RecommendationRows:
    """Folds records into the bytes of two COPYs."""

    def __init__(self, codec: Codec, topic: str) -> None:
        self._codec = codec
        self._packed = Codec(packed_catalogue(codec.catalogue))
        self._current = b"\x00" + codec.schema_id(RecommendationMade.TYPE).to_bytes(4, "big")
        self._names = Names()
        self._topic = text_field(topic.encode())

    def fold(self, records: Records) -> Folded[Copies]:
        """Return the rows of all records that are sound, and what is wrong with the others."""
        rows = _Rows(self._topic)
        flaws: list[Flaw] = []
        at = zip(records.partitions.tolist(), records.offsets.tolist(), records.values, strict=True)
        for index, (partition, offset, value) in enumerate(at):
            try:
                record = self._record(value)
            except CodecError as error:
                flaws.append(Flaw(index, error.code, str(error)))
            else:
                rows.add(record, partition, offset)
        return Folded(rows.copies(), flaws)

    def _record(self, value: bytes | None) -> dict[str, Any]:
        """Return the fields of a record, its vectors as bytes."""
        if value is not None and value.startswith(self._current):
            record = self._packed.decode_record(value)[1]
            if self._is_sound(record) and self._is_storable(record):
                return record
        event = judged(self._codec, value, RecommendationMade)
        record = event.model_dump()
        if not self._is_storable(record):
            raise UnstorableError(f"expected UUIDs as ids, times of 1900 to 2289 and no NUL in texts, found {record['id']!r:.50}")
        for name in VECTORS:
            record[name] = np.array([record[name][feature] for feature in FEATURE_NAMES], "<f8").tobytes()
        return record

    def _is_sound(self, record: Mapping[str, Any]) -> bool:
        """Tell whether the rules of the event hold, as far as the Avro schema does not see to them."""
        names, odds = self._names, record["probabilities"]
        total = record["score"] + record["threshold"] + record["base_score"]
        for family in record["families"]:
            total += family["score"] + family["weight"] + family["contribution"]
        return (
            math.isfinite(total)  # false where any of them is not
            and 0.0 <= record["confidence"] <= 1.0
            and 0.0 < record["price"] < math.inf
            and 0.0 <= odds["sell"] <= 1.0
            and 0.0 <= odds["hold"] <= 1.0
            and 0.0 <= odds["buy"] <= 1.0
            and names.symbol(record["symbol"])
            and names.interval(record["interval"])
            and len(record["raw"]) == _VECTOR_BYTES
        )

    def _is_storable(self, record: Mapping[str, Any]) -> bool:
        name = self._names.name
        return (
            is_uuid(record["id"])
            and is_uuid(record["features_id"])
            and is_storable_time(record["decided_at"])
            and is_storable_time(record["valid_until"])
            and name(record["source"])
            and name(record["model_id"])
            and name(record["feature_set"])
            and "\0" not in record["summary"]
        )


def _body(event: Mapping[str, Any], decided_at: str, valid_until: str) -> dict[str, Any]:
    body = {name: event[name] for name in _HEAD}
    body["decided_at"] = decided_at
    body["valid_until"] = valid_until
    for name in _HEAD_END:
        body[name] = event[name]
    body["explanation"] = {name: event[name] for name in _EXPLANATION}
    return body


class _Fields(dict[str, bytes]):
    """Texts as columns; names come again and again."""

    def __missing__(self, text: str) -> bytes:
        field = self[text] = text_field(text.encode())
        return field


class _Days(dict[int, str]):
    """Days since the Unix epoch as text, up to the T."""

    def __missing__(self, day: int) -> str:
        text = self[day] = iso(day * _DAY_US)[:_DATE_LENGTH]
        return text


class _Seconds(dict[int, str]):
    """Seconds of a day as text, up to the point."""

    def __missing__(self, second: int) -> str:
        text = self[second] = iso(second * _SECOND_US)[_DATE_LENGTH:_TIME_LENGTH]
        return text


class _Times:
    """Times as ``iso`` writes them, put together of days and seconds: those come again and again."""

    def __init__(self) -> None:
        self._days, self._seconds = _Days(), _Seconds()

    def text(self, micros: int) -> str:
        day, rest = divmod(micros, _DAY_US)
        second, rest = divmod(rest, _SECOND_US)
        return f"{self._days[day]}{self._seconds[second]}.{rest:06d}Z"


class _Rows:
    """The rows of a batch in both tables, as they are made."""

    def __init__(self, topic: bytes) -> None:
        self._topic = topic
        self._times, self._fields = _Times(), _Fields()
        self._recommendations: list[bytes] = []
        self._explanations: list[bytes] = []
        self._vectors: list[bytes] = []

    def add(self, record: Mapping[str, Any], partition: int, offset: int) -> None:
        """Add the rows of a sound record, its vectors as bytes."""
        identity, decided_at, valid_until = _uuid(record["id"]), record["decided_at"], record["valid_until"]
        fixed = _FIXED.pack(
            *(_COLUMN_COUNT, 16, identity, 16, _uuid(record["features_id"])),
            *(8, record["confidence"], 8, record["score"], 8, record["threshold"]),
            *(8, decided_at - POSTGRES_EPOCH, 8, valid_until - POSTGRES_EPOCH),
            *(8, record["price"], 1, record["synthetic"], 4, partition, 8, offset),
        )
        self._recommendations.append(b"".join((fixed, self._topic, *[self._fields[record[name]] for name in _NAMES])))
        summary = text_field(record["summary"].encode())
        rendered = text_field(orjson.dumps(_body(record, self._times.text(decided_at), self._times.text(valid_until))))
        self._explanations.append(_EXPLANATION_FIXED.pack(_EXPLANATION_COLUMN_COUNT, 16, identity) + summary + rendered)
        self._vectors.extend([record[name] for name in VECTORS])

    def copies(self) -> Copies:
        """Return what was added."""
        if not self._recommendations:
            return Copies(b"", b"")
        vectors = np.frombuffer(b"".join(self._vectors), "<f8").reshape(-1, len(VECTORS), len(FEATURE_NAMES))
        explanations = chain.from_iterable(zip(self._explanations, array_fields(vectors), strict=True))
        return Copies(
            b"".join((HEADER, *self._recommendations, TRAILER)),
            b"".join((HEADER, *explanations, TRAILER)),
        )


def _uuid(text: str) -> bytes:
    return bytes.fromhex(text.replace("-", ""))

import math
import struct
import uuid

import orjson
import pytest
from hypothesis import given

from projections.pgcopy import POSTGRES_EPOCH
from projections.views.recommendation_rows import (
    COLUMNS,
    EXPLANATION_COLUMNS,
    VECTORS,
    Copies,
    RecommendationRows,
    event_of,
    render,
)
from schemas.events.recommendations import FamilyOpinion, RecommendationMade
from schemas.events.signals import FeatureVector
from schemas.features import FEATURE_NAMES
from schemas.values import iso
from tests import strategies
from tests.builders import bar
from tests.unit.projections.views.rows import CODEC, copied, doubles_of, recommendation, records

TOPIC = "some.topic"


def named(columns: str, row: list[bytes]) -> dict[str, bytes]:
    return dict(zip([name.strip(' "') for name in columns.split(",")], row, strict=True))


def row_of(event: RecommendationMade) -> dict[str, bytes]:
    """Both rows of an event as one."""
    folded = RecommendationRows(CODEC, TOPIC).fold(records(event))
    assert [] == folded.flaws
    [row], [explanation] = copied(folded.rows.recommendations), copied(folded.rows.explanations)
    return {**named(COLUMNS, row), **named(EXPLANATION_COLUMNS, explanation)}


def vectors_of(event: RecommendationMade) -> list[list[float]]:
    return [list(getattr(event, name).model_dump().values()) for name in VECTORS]


def test_the_row_has_the_values_of_the_event_and_its_place() -> None:
    event = recommendation()

    row = row_of(event)

    assert uuid.UUID(event.id).bytes == row["id"] == row["recommendation_id"]
    assert uuid.UUID(event.features_id).bytes == row["features_id"]
    for name in ("confidence", "score", "threshold", "price"):
        assert struct.pack(">d", getattr(event, name)) == row[name]
    for name in ("decided_at", "valid_until"):
        assert struct.pack(">q", getattr(event, name) - POSTGRES_EPOCH) == row[name]
    for name in ("symbol", "interval", "action", "source", "model_id", "feature_set", "summary"):
        assert getattr(event, name).encode() == row[name]
    assert (b"\x01", TOPIC.encode(), struct.pack(">i", 3), struct.pack(">q", 100)) == (
        row["synthetic"],
        row["kafka_topic"],
        row["kafka_partition"],
        row["kafka_offset"],
    )


def test_the_row_has_the_vectors_nan_where_not_known() -> None:
    event = recommendation()

    row = row_of(event)

    for name in VECTORS:
        assert repr(list(getattr(event, name).model_dump().values())) == repr(list(doubles_of(row[name])))


def test_what_is_rendered_when_stored_is_what_render_says() -> None:
    event = recommendation()

    assert render(event.model_dump()) == row_of(event)["rendered"]


def test_a_rendered_recommendation_explains_itself() -> None:
    event = recommendation()

    body = orjson.loads(render(event.model_dump()))

    assert (event.id, event.action, event.confidence) == (body["id"], body["action"], body["confidence"])
    assert (iso(event.decided_at), iso(event.valid_until)) == (body["decided_at"], body["valid_until"])
    assert event.summary == body["explanation"]["summary"]
    assert list(event.sentences) == body["explanation"]["sentences"]
    assert [family.model_dump() for family in event.families] == body["explanation"]["families"]
    assert [reason.model_dump() for reason in event.held_back] == body["explanation"]["held_back"]
    assert "features" not in body


def test_features_are_named_when_asked_for() -> None:
    event = recommendation()

    body = orjson.loads(render(event.model_dump(), features=True))

    assert set(VECTORS) == set(body["features"])
    assert list(FEATURE_NAMES) == list(body["features"]["raw"])
    assert event.raw.rsi_14 == body["features"]["raw"]["rsi_14"]
    assert body["features"]["raw"]["social_reach"] is None


@given(event=strategies.recommendations)
def test_a_stored_row_gives_its_event_back(event: RecommendationMade) -> None:
    again = event_of(render(event.model_dump()), vectors_of(event), (event.decided_at, event.valid_until))

    assert repr(event) == repr(again)


def rows_in(data: bytes) -> int:
    return len(copied(data)) if data else 0


@given(event=strategies.recommendations)
def test_every_event_is_either_stored_whole_or_told_why_not(event: RecommendationMade) -> None:
    folded = RecommendationRows(CODEC, TOPIC).fold(records(event))

    assert 1 == len(folded.flaws) + rows_in(folded.rows.recommendations) == len(folded.flaws) + rows_in(folded.rows.explanations)
    assert all(flaw.code == "bad_value" for flaw in folded.flaws)


def broken(**changes: object) -> bytes:
    """A record whose values break the event's rules, as only a faulty producer writes it."""
    return CODEC.encode_record(RecommendationMade.TYPE, {**recommendation().model_dump(), **changes})


FAMILY = FamilyOpinion(name="social", score=0.5, weight=1.0, contribution=0.5, learnt=False, present=True).model_dump()


@pytest.mark.parametrize(
    ("value", "code", "message"),
    [
        (None, "undecodable", "found none"),
        (b"", "undecodable", "found"),
        (b"\x00\x00\x00\x00\x63rest", "unknown_schema", "found 99"),
        (CODEC.encode(recommendation())[:-3], "undecodable", "expected"),
        (CODEC.encode(bar()), "unexpected_type", "expected recommendations.made, found market.bar"),
        (broken(price=math.nan), "bad_value", "price"),
        (broken(price=-1.0), "bad_value", "price"),
        (broken(price=math.inf), "bad_value", "price"),
        (broken(confidence=1.5), "bad_value", "confidence"),
        (broken(score=math.nan), "bad_value", "score"),
        (broken(base_score=-math.inf), "bad_value", "base_score"),
        (broken(families=[{**FAMILY, "weight": math.nan}]), "bad_value", "weight"),
        (broken(probabilities={"sell": 0.5, "hold": 0.5, "buy": -0.1}), "bad_value", "buy"),
        (broken(symbol="es"), "bad_value", "symbol"),
        (broken(interval="0m"), "bad_value", "interval"),
        (broken(source=""), "bad_value", "source"),
        (broken(id="not-a-uuid"), "bad_value", "expected UUIDs as ids"),
        (broken(features_id="not-a-uuid"), "bad_value", "expected UUIDs as ids"),
        (broken(decided_at=-(2**61)), "bad_value", "decided_at"),
        (broken(valid_until=10_413_792_000_000_000), "bad_value", "times of 1900 to 2289"),
        (broken(summary="a\0b"), "bad_value", "no NUL in texts"),
        (broken(model_id="a\0b"), "bad_value", "no NUL in texts"),
    ],
)
def test_a_record_that_cannot_be_stored_is_told_why_and_the_others_are_stored(value: bytes, code: str, message: str) -> None:
    folded = RecommendationRows(CODEC, TOPIC).fold(records(recommendation(), value, recommendation()))

    [flaw] = folded.flaws
    assert (1, code) == (flaw.index, flaw.code)
    assert message in flaw.message
    rows = [named(COLUMNS, row) for row in copied(folded.rows.recommendations)]
    assert [100, 102] == [struct.unpack(">q", row["kafka_offset"])[0] for row in rows]
    assert 2 == rows_in(folded.rows.explanations)


def test_nothing_sound_is_no_copy() -> None:
    assert Copies(b"", b"") == RecommendationRows(CODEC, TOPIC).fold(records(b"nonsense")).rows
    assert Copies(b"", b"") == RecommendationRows(CODEC, TOPIC).fold(records()).rows


def test_each_row_has_its_own_vectors() -> None:
    events = [recommendation(id=str(uuid.UUID(int=number)), raw=other(number)) for number in range(3)]

    rows = copied(RecommendationRows(CODEC, TOPIC).fold(records(*events)).rows.explanations)

    for event, row in zip(events, rows, strict=True):
        found = named(EXPLANATION_COLUMNS, row)
        assert uuid.UUID(event.id).bytes == found["recommendation_id"]
        assert repr(vectors_of(event)) == repr([list(doubles_of(found[name])) for name in VECTORS])


def other(number: float) -> FeatureVector:
    return recommendation().raw.model_copy(update={"rsi_14": float(number)})

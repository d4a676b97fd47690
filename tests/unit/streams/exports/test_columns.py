import pytest

from schemas.events.market import Tick
from schemas.events.operations import DeadLetter
from schemas.events.recommendations import RecommendationMade
from schemas.events.signals import FeaturesComputed
from schemas.features import FEATURE_NAMES
from schemas.samples import samples
from streams.exports.columns import flat_columns
from tests.builders import codec


def by_name(event):
    return {column.name: column for column in flat_columns(event)}


def test_plain_fields_are_columns_of_their_kind():
    kinds = {name: column.kind for name, column in by_name(Tick).items()}

    assert kinds == {
        "event_time": "time",
        "price": "float",
        "size": "float",
        "price_eligible": "bool",
        "sequence": "int",
        "symbol": "text",
        "source": "text",
        "recording": "text",
        "conditions": "text",
    }


def test_each_feature_is_a_column_raw_and_normalised():
    columns = by_name(FeaturesComputed)

    assert all(columns[f"raw_{name}"].kind == columns[f"normalised_{name}"].kind == "float" for name in FEATURE_NAMES)
    assert columns["as_of"].kind == "time"
    assert columns["missing"].kind == "texts"


def test_each_family_of_a_recommendation_has_its_columns():
    columns = by_name(RecommendationMade)

    assert {"technical_score", "sentiment_weight", "social_learnt", "probabilities_buy", "action"} <= columns.keys()
    assert columns["held_back"].kind == "objects"
    assert columns["technical_present"].kind == "bool"


def test_bytes_stay_bytes():
    columns = by_name(DeadLetter)

    assert (columns["record_value"].kind, columns["headers"].kind, columns["appended_at"].kind) == ("bytes", "objects", "time")


@pytest.mark.parametrize("event", list(samples()), ids=lambda event: event.TYPE)
def test_every_column_finds_its_value_in_a_decoded_record(event):
    _, record = codec().decode_record(codec().encode(event))
    dumped = event.model_dump()
    plain = [column for column in flat_columns(type(event)) if len(column.path) == 1 and column.kind not in ("texts", "objects")]

    assert [dumped[column.name] for column in plain] == [column.of(record) for column in plain]


def test_a_family_that_is_not_there_is_not_known():
    assert by_name(RecommendationMade)["social_score"].of({"families": [{"name": "technical", "score": 1.0}]}) is None

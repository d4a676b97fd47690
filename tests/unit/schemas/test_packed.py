import numpy as np
import pytest
from hypothesis import given

from schemas.codec import Codec
from schemas.events.recommendations import RecommendationMade
from schemas.events.signals import FeaturesComputed
from schemas.packed import packed_catalogue
from schemas.registry import Catalogue, SchemaVersion, committed_catalogue
from tests import strategies

VECTORS = ("raw", "normalised", "contributions")
CODEC = Codec(committed_catalogue())
PACKED = Codec(packed_catalogue(committed_catalogue()))


@given(event=strategies.recommendations)
def test_all_but_the_vectors_decodes_as_ever(event: RecommendationMade) -> None:
    expected = CODEC.decode_record(CODEC.encode(event))[1]

    record = PACKED.decode_record(CODEC.encode(event))[1]

    assert {name: value for name, value in expected.items() if name not in VECTORS} == {
        name: value for name, value in record.items() if name not in VECTORS
    }


@given(event=strategies.features)
def test_vectors_are_their_numbers_in_the_order_of_the_catalogue(event: FeaturesComputed) -> None:
    record = PACKED.decode_record(CODEC.encode(event))[1]

    assert np.array(list(event.raw.model_dump().values()), "<f8").tobytes() == record["raw"]
    assert np.array(list(event.normalised.model_dump().values()), "<f8").tobytes() == record["normalised"]


def test_a_record_that_holds_more_than_doubles_is_refused() -> None:
    schema = {"type": "record", "name": "FeatureVector", "namespace": "a", "fields": [{"name": "rank", "type": "long"}]}
    catalogue = Catalogue((SchemaVersion(7, FeaturesComputed.TYPE, 1, schema),))

    with pytest.raises(ValueError, match="expected only doubles in FeatureVector, found rank"):
        packed_catalogue(catalogue)

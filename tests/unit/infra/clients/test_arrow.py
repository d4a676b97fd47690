import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from infra.clients.arrow import from_arrow, to_arrow


def there_and_back(values: Any, type_name: str) -> list[Any]:
    array = to_arrow(values, type_name)
    array.validate(full=True)
    return from_arrow(pa.chunked_array([array]))


@pytest.mark.parametrize(
    ("values", "type_name"),
    [
        ([1.5, -0.0, 5e-324], "Float64"),
        ([0, 255], "UInt8"),
        ([2**64 - 1], "UInt64"),
        ([-(2**63), 2**63 - 1], "Int64"),
        ([0, 2**32 - 1], "DateTime('UTC')"),
        ([1_381_000_000_000_001, -1], "DateTime64(6, 'UTC')"),
        ([1_381_000_000_001], "DateTime64(3)"),
        (["", "a", "Zürich 🚀"], "String"),
        (["A", "A"], "LowCardinality(String)"),
        ([[], ["a", "bc"], []], "Array(String)"),
        ([[1.5], []], "Array(Float64)"),
        ([[], []], "Array(DateTime64(6))"),
        ([None, 1.5, None], "Nullable(Float64)"),
        ([None, "a", ""], "LowCardinality(Nullable(String))"),
        ([None, 5], "Nullable(DateTime64(6, 'UTC'))"),
        ([None] * 9 + [7], "Nullable(UInt32)"),
        ([], "Float64"),
        ([], "String"),
    ],
)
def test_values_survive_the_way_through_arrow(values: list[Any], type_name: str) -> None:
    found = there_and_back(values, type_name)

    assert values == found
    assert [type(value) for value in values] == [type(value) for value in found]


def test_numpy_columns_of_the_same_type_are_not_copied() -> None:
    column = np.arange(1000, dtype=np.float64)

    assert column.ctypes.data == to_arrow(column, "Float64").buffers()[1].address


def test_numpy_columns_of_another_type_are_converted() -> None:
    assert [1.0, 2.0] == there_and_back(np.array([1, 2], dtype=np.int32), "Float64")
    assert [1, 0] == there_and_back(np.array([True, False]), "UInt8")
    assert [0, 2, 4] == there_and_back(np.arange(6)[::2], "Int64")


def test_not_a_number_stays_so() -> None:
    assert math.isnan(there_and_back([math.nan], "Float64")[0])


@pytest.mark.parametrize(
    ("values", "type_name"),
    [
        (["1"], "Float64"),
        ([None], "Float64"),
        ([1.5], "UInt32"),
        ([1.0], "DateTime64(6)"),
        ([1], "String"),
        ([None], "String"),
        ([[1]], "Array(String)"),
        ([1], "DateTime64(4)"),
    ],
)
def test_values_of_another_kind_are_refused(values: list[Any], type_name: str) -> None:
    with pytest.raises(TypeError):
        to_arrow(values, type_name)


@pytest.mark.parametrize(
    ("values", "type_name"), [([-1], "UInt8"), ([256], "UInt8"), (np.array([-1]), "UInt32"), ([2**31], "Int32"), ([2**64], "Int64")]
)
def test_numbers_out_of_range_are_refused(values: Any, type_name: str) -> None:
    with pytest.raises((OverflowError, TypeError)):
        to_arrow(values, type_name)


def test_chunks_and_slices_of_a_result_are_read_where_they_begin() -> None:
    array = to_arrow(list(range(10)), "Int64")

    assert [3, 4, 0, 1] == from_arrow(pa.chunked_array([array.slice(3, 2), array.slice(0, 2)]))

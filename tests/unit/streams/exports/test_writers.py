import csv
import io
import json

import pyarrow.parquet as pq
import pytest

from streams.exports.columns import FlatColumn
from streams.exports.writers import WRITERS

COLUMNS = [
    FlatColumn("at", "time", ("at",)),
    FlatColumn("x", "float", ("x",)),
    FlatColumn("n", "int", ("n",)),
    FlatColumn("text", "text", ("text",)),
    FlatColumn("yes", "bool", ("yes",)),
    FlatColumn("raw", "bytes", ("raw",)),
    FlatColumn("texts", "texts", ("texts",)),
    FlatColumn("parts", "objects", ("parts",)),
]
ROWS = [
    (0, 1.5, 7, 'a "quoted", text\nof two lines', True, b"\x00\xff", ["a", "b"], [{"name": "h", "value": b"\x01"}]),
    (1_378_000_000_123_456, float("nan"), -1, "ä", False, None, [], []),
]


def written(form, batches=(ROWS,)):
    stream = io.BytesIO()
    writer = WRITERS[form](stream, COLUMNS)
    for batch in batches:
        writer.write(list(zip(*batch, strict=True)))
    writer.close()
    return stream.getvalue()


def test_csv_has_a_header_iso_times_and_empty_fields_for_what_is_not_known():
    rows = list(csv.DictReader(io.StringIO(written("csv").decode(), newline="")))

    assert rows[0] == {
        "at": "1970-01-01T00:00:00.000000Z",
        "x": "1.5",
        "n": "7",
        "text": 'a "quoted", text\nof two lines',
        "yes": "true",
        "raw": "AP8=",
        "texts": '["a","b"]',
        "parts": '[{"name":"h","value":"AQ=="}]',
    }
    assert rows[1]["at"] == "2013-09-01T01:46:40.123456Z"
    assert [rows[1][name] for name in ("x", "yes", "raw", "texts", "parts")] == ["", "false", "", "", ""]


def test_json_lines_have_null_for_what_is_not_known_and_lists_as_lists():
    first, second = (json.loads(line) for line in written("jsonl").splitlines())

    assert (first["texts"], first["parts"], first["raw"]) == (["a", "b"], [{"name": "h", "value": "AQ=="}], "AP8=")
    assert (second["x"], second["raw"], second["texts"], second["text"]) == (None, None, [], "ä")


def test_parquet_is_typed():
    table = pq.read_table(io.BytesIO(written("parquet")))

    assert str(table.schema.field("at").type) == "timestamp[us, tz=UTC]"
    assert table.column("x").to_pylist() == [1.5, None]
    assert table.column("raw").to_pylist() == [b"\x00\xff", None]
    assert table.column("texts").to_pylist() == [["a", "b"], []]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_batches_follow_each_other_and_nothing_is_still_a_file(form):
    assert written(form, []) != b"" or form == "jsonl"
    if form != "parquet":
        assert written(form, [ROWS, ROWS]).startswith(written(form))
        assert len(written(form, [ROWS, ROWS])) > len(written(form))
    else:
        assert pq.read_table(io.BytesIO(written(form, [ROWS, ROWS]))).num_rows == 4
        assert pq.read_table(io.BytesIO(written(form, []))).num_rows == 0

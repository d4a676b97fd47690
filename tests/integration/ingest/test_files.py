import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.events.market import BarClosed, Tick
from streams.sources.files import FileOptions, open_file, sha256_of
from streams.sources.problems import FileRefusedError
from tests.builders import codec
from tests.integration.ingest.command import write_lines

TICKS = FileOptions("ticks", "csv", "test", symbol="ES")
HEADER = "event_time,price,size"


def at(second, price="1", size="1"):
    return f"2013-09-01T12:00:{second:02}Z,{price},{size}"


def ticks_of(path, options):
    opened = open_file(path, options, codec())
    reader = codec()
    events = [reader.decode(value) for block in opened.feed.blocks(4) for value, _, _, _ in block.records(0, len(block.times))]
    return [event for event in events if isinstance(event, Tick)], opened.bad


def test_rows_of_another_shape_are_told_with_their_line_and_shift_no_other(tmp_path):
    lines = [HEADER, at(0), "too,few", at(1), "", at(2, "nan"), "far,too,many,columns", at(3), "x", ""]
    ticks, bad = ticks_of(write_lines(tmp_path / "t.csv", lines), TICKS)

    assert [tick.sequence for tick in ticks] == [0, 2, 6]
    assert sorted(row.line for row in bad.first) == [3, 6, 7, 9]
    assert {row.line: row.reason for row in bad.first}[3] == "expected 3 columns, found 2"
    assert bad.total == 4


def test_a_first_row_of_another_shape_counts_as_a_row(tmp_path):
    ticks, bad = ticks_of(write_lines(tmp_path / "t.csv", [HEADER, "too,few", at(0), at(1)]), TICKS)

    assert [tick.sequence for tick in ticks] == [1, 2]
    assert [row.line for row in bad.first] == [2]


@pytest.mark.parametrize("rows", [1, 160_000])
def test_rows_are_numbered_across_blocks(tmp_path, rows):
    lines = [HEADER, *(at(n % 60) if n % 1000 else "bad,row" for n in range(1, rows + 1)), at(1), "bad,row"]
    ticks, bad = ticks_of(write_lines(tmp_path / "t.csv", lines), TICKS)

    assert [n - 1 for n in range(1, rows + 1) if n % 1000] + [rows] == [tick.sequence for tick in ticks]
    assert bad.total == rows // 1000 + 1
    assert [1000 * n + 1 for n in range(1, rows // 1000 + 1)][:99] == [row.line for row in bad.first][:-1][:99]


def test_the_same_trades_are_read_from_every_format(tmp_path):
    times = [1_378_036_800_000_000 + n * 1_000_000 for n in range(5)]
    write_lines(tmp_path / "t.csv", [HEADER, *(at(n, str(n + 0.5), str(n)) for n in range(5))])
    write_lines(
        tmp_path / "t.jsonl",
        [f'{{"event_time": "2013-09-01T12:00:0{n}Z", "price": {n + 0.5}, "size": {n}, "other": null}}' for n in range(5)],
    )
    table = {"Event_Time": pa.array(times, pa.timestamp("us", "UTC")), "price": [n + 0.5 for n in range(5)], "size": list(range(5))}
    pq.write_table(pa.table(table), tmp_path / "t.parquet")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress((tmp_path / "t.csv").read_bytes()))
    found = [
        ticks_of(tmp_path / name, FileOptions("ticks", form, "test", symbol="ES"))[0]
        for name, form in [("t.csv", "csv"), ("t.jsonl", "jsonl"), ("t.parquet", "parquet"), ("t.csv.gz", "csv")]
    ]
    without_recording = [[tick.model_copy(update={"recording": ""}) for tick in ticks] for ticks in found]

    assert all(ticks == without_recording[0] for ticks in without_recording)
    assert [(tick.event_time, tick.price, tick.size) for tick in found[0]] == [(times[n], n + 0.5, n) for n in range(5)]
    assert found[0][0].recording == sha256_of(tmp_path / "t.csv")


def test_lines_that_are_no_json_objects_are_told(tmp_path):
    good = '{"event_time": "2013-09-01T12:00:00Z", "price": 1, "size": 1}'
    lines = [good, "{", "[1]", "", good.replace("1, ", '"x", ', 1), '{"price": 1}', good]
    ticks, bad = ticks_of(write_lines(tmp_path / "t.jsonl", lines), FileOptions("ticks", "jsonl", "test", symbol="ES"))

    assert [tick.sequence for tick in ticks] == [0, 6]
    assert sorted(row.line for row in bad.first) == [2, 3, 5, 6]


def test_a_byte_order_mark_other_delimiters_and_quotes_are_read(tmp_path):
    (tmp_path / "t.csv").write_bytes('\ufeff"Date Time";Price;Volume\r\n"2013-09-01T12:00:00Z";"1.5";2\r\n'.encode())
    ticks, bad = ticks_of(tmp_path / "t.csv", TICKS)

    assert (ticks[0].price, ticks[0].size, bad.total) == (1.5, 2.0, 0)


def test_a_file_without_a_header_is_read_with_the_names_given(tmp_path):
    path = write_lines(tmp_path / "t.csv", [at(0), at(1)])
    ticks, _ = ticks_of(path, FileOptions("ticks", "csv", "test", symbol="ES", header=("event_time", "price", "size")))

    assert [tick.sequence for tick in ticks] == [0, 1]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("", TICKS, "expected a header in the first line, found an empty one"),
        ("a,b\n1,2\n", TICKS, "expected a column event_time or datetime"),
        (f"{HEADER}\n", FileOptions("ticks", "csv", "test"), "expected a column symbol or ticker"),
        (f"{HEADER}\n", FileOptions("ticks", "csv", "a/b", symbol="ES"), "expected a source of 1 to 64 letters"),
        (f"{HEADER}\n", FileOptions("ticks", "csv", "test", symbol="es"), "expected a symbol such as AAPL, found 'es'"),
        (f"{HEADER}\n", FileOptions("ticks", "csv", "test", symbol="ES", timezone="Mars"), "expected a time zone"),
        (
            f"{HEADER}\n{at(5)}\n",
            FileOptions("ticks", "csv", "test", symbol="ES", until=0),
            "expected --until at or after the last",
        ),
        ("no parquet", FileOptions("ticks", "parquet", "test", symbol="ES"), "expected a Parquet file"),
        ("no parquet", FileOptions("bars", "parquet", "test", symbol="ES"), "expected a Parquet file"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_as_a_whole(tmp_path, content, options, message):
    (tmp_path / "t").write_text(content)
    with pytest.raises(FileRefusedError, match=message):
        open_file(tmp_path / "t", options, codec())


def test_a_file_that_changes_while_it_is_told_is_refused(tmp_path):
    path = write_lines(tmp_path / "t.csv", [HEADER, at(0)])
    opened = open_file(path, TICKS, codec())
    write_lines(path, [HEADER, at(1), at(2)])
    with pytest.raises(FileRefusedError, match="to stay as it is"):
        list(opened.feed.blocks(4))


def test_bars_are_told_in_the_order_of_time_whatever_the_order_of_the_file(tmp_path):
    rows = [f"2009-01-{day:02},{symbol},1,2,1,2,5" for symbol in ("MSFT", "IBM") for day in (7, 5, 6)]
    path = write_lines(tmp_path / "b.csv", ["date,ticker,open,high,low,close,volume", *rows, rows[0], "2009-01-08,IBM,1,0.5,1,1,1"])
    opened = open_file(path, FileOptions("bars", "csv", "test"), codec())
    events = [codec().decode(value) for block in opened.feed.blocks(4) for value, _, _, _ in block.records(0, len(block.times))]

    assert all(isinstance(event, BarClosed) for event in events)
    assert np.all(np.diff([event.available_at for event in events]) >= 0)
    assert [event.symbol for event in events] == ["MSFT", "IBM"] * 3
    assert [(row.line, row.column) for row in opened.bad.first] == [(8, ""), (9, "")]
    assert "expected each event once, found MSFT of 2009-01-08" in opened.bad.first[0].reason


def test_text_may_span_lines_and_lines_are_still_right(tmp_path):
    lines = [
        "published_at,headline,symbols",
        '2009-01-05T12:00:00Z,"two\nlines",IBM',
        "2009-01-05,late,IBM",
        '2009-01-05T12:00:00Z,"",IBM',
    ]
    opened = open_file(write_lines(tmp_path / "n.csv", lines), FileOptions("news", "csv", "test"), codec())

    assert [(row.line, row.column) for row in opened.bad.first] == [(4, "published_at"), (5, "headline")]
    assert opened.feed.extent.events == 1


def test_text_that_is_no_utf8_is_refused_row_by_row(tmp_path):
    (tmp_path / "n.csv").write_bytes(
        b"published_at,headline,symbols\n2009-01-05T12:00:00Z,ok,IBM\n2009-01-05T12:00:00Z,\xff\xfe,IBM\n"
    )
    opened = open_file(tmp_path / "n.csv", FileOptions("news", "csv", "test"), codec())

    assert [(row.line, row.column, row.reason) for row in opened.bad.first] == [(3, "headline", "expected text in UTF-8")]


def test_trades_of_a_file_need_not_have_the_same_columns(tmp_path):
    good = '{"time": "2013-09-01T12:00:00Z", "price": 1, "size": 1}'
    lines = [good, good.replace("}", ', "cond": "T"}')]
    ticks, _ = ticks_of(write_lines(tmp_path / "t.jsonl", lines), FileOptions("ticks", "jsonl", "test", symbol="ES"))

    assert [(tick.conditions, tick.price_eligible) for tick in ticks] == [("", True), ("T", False)]


def test_objects_of_a_file_need_not_have_the_same_columns(tmp_path):
    lines = [
        '{"time": "2009-01-05T12:00:00Z", "title": "a", "symbol": ["IBM", "MSFT"]}',
        '{"time": "2009-01-05T12:00:00Z", "title": "b", "symbol": "IBM", "synthetic": true}',
    ]
    opened = open_file(write_lines(tmp_path / "n.jsonl", lines), FileOptions("news", "jsonl", "test"), codec())
    events = [codec().decode(value) for block in opened.feed.blocks(4) for value, _, _, _ in block.records(0, len(block.times))]

    assert [(event.symbol, event.synthetic) for event in events] == [("IBM", False), ("MSFT", False), ("IBM", True)]

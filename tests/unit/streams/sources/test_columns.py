import pytest

from streams.sources.columns import COLUMNS, given_by_option, match_columns
from streams.sources.problems import FileRefusedError


def test_columns_are_found_by_their_own_names_and_by_common_ones_without_case():
    assert {"event_time": "DateTime", "price": "PRICE", "size": "Volume", "symbol": "Ticker"} == match_columns(
        ["DateTime", "PRICE", "Volume", "Ticker", "exchange"], COLUMNS["ticks"]
    )


def test_spaces_and_dashes_count_as_underscores_and_a_byte_order_mark_is_nothing():
    matched = match_columns(["\ufeffPublished At", "HEADLINE", "symbols", "Item-ID"], COLUMNS["news"])

    assert {"published_at": "\ufeffPublished At", "headline": "HEADLINE", "symbols": "symbols", "item_id": "Item-ID"} == matched


def test_a_columns_own_name_wins_over_another_name_for_it():
    assert match_columns(["time", "event_time", "price", "size", "symbol"], COLUMNS["ticks"])["event_time"] == "event_time"


def test_an_adjusted_close_is_not_taken_for_a_close():
    with pytest.raises(FileRefusedError, match="expected a column close or c, found"):
        match_columns(["date", "open", "high", "low", "adj_close", "volume", "symbol"], COLUMNS["bars"])


def test_an_option_stands_in_for_the_symbol():
    assert "symbol" not in match_columns(["time", "price", "size"], COLUMNS["ticks"], given_by_option("ticks", "ES"))


@pytest.mark.parametrize("kind", ["ticks", "bars", "actions", "news", "social"])
def test_a_missing_column_is_named_with_all_its_names(kind):
    first = next(column for column in COLUMNS[kind] if column.required)
    with pytest.raises(FileRefusedError, match=f"expected a column {' or '.join([first.name, *first.aliases])}, found x"):
        match_columns(["x"], COLUMNS[kind])


def test_the_same_column_twice_is_refused():
    with pytest.raises(FileRefusedError, match="expected each column once, found 'Price' and 'price'"):
        match_columns(["Price", "price"], COLUMNS["ticks"])

"""The columns that a file of each kind has to have, and the names they go by."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from streams.sources.problems import FileRefusedError

Kind = Literal["ticks", "bars", "actions", "news", "social"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name, other names that are understood, whether it has to be there, and what it holds."""

    name: str
    doc: str
    aliases: tuple[str, ...] = ()
    required: bool = False


_SYMBOL = Column(
    "symbol", "the symbol, such as AAPL; or --symbol for the whole file", ("ticker", "instrument", "sym"), required=True
)
_SYMBOLS = Column(
    "symbols", "one symbol, or several separated by spaces or semicolons", ("symbol", "ticker", "tickers", "related"), required=True
)
_AVAILABLE = Column(
    "available_at", "when it could first be known; published_at where it is not given", ("received_at", "first_seen_at")
)
_PUBLISHED = Column(
    "published_at",
    "when it was published",
    ("published", "datetime", "date_time", "timestamp", "created_at", "time", "date"),
    required=True,
)
_SYNTHETIC = Column("synthetic", "true: made up for demonstration")
_ITEM = Column(
    "item_id",
    "the source's own id of the item; the row's place in the file where there is none",
    ("id", "guid", "story_id", "post_id"),
)

COLUMNS: Mapping[Kind, tuple[Column, ...]] = {
    "ticks": (
        Column(
            "event_time",
            "when the trade happened",
            ("datetime", "date_time", "timestamp", "time", "date", "ts", "trade_time"),
            required=True,
        ),
        Column("price", "above 0", ("last", "last_price", "trade_price", "p"), required=True),
        Column("size", "units traded, 0 or more", ("volume", "quantity", "qty", "vol", "trade_size"), required=True),
        _SYMBOL,
        Column("conditions", "trade conditions; some make a trade count in volume only", ("condition", "trade_conditions", "cond")),
        Column("price_eligible", "false: counts in volume only; wins over conditions", ("eligible",)),
    ),
    "bars": (
        Column(
            "start",
            "start of the bar; a date names the UTC day",
            ("date", "datetime", "date_time", "timestamp", "time", "open_time", "ts"),
            required=True,
        ),
        Column("open", "above 0, as traded", ("o",), required=True),
        Column("high", "not below open, low and close", ("h",), required=True),
        Column("low", "not above open, high and close", ("l",), required=True),
        Column("close", "above 0, as traded: adjusted closes are not read", ("c",), required=True),
        Column("volume", "0 or more", ("v", "vol"), required=True),
        Column("vwap", "volume-weighted price; the close where it is not given", ("average", "weighted_average")),
        Column("trades", "number of trades", ("trade_count", "number_of_trades", "n")),
        _SYMBOL,
    ),
    "actions": (
        Column("effective_at", "the ex-date", ("ex_date", "date", "effective_date", "execution_date"), required=True),
        Column("kind", "split or dividend", ("type", "action"), required=True),
        Column("ratio", "of a split: new shares for one old share, 2 or 2:1", ("split_ratio", "split")),
        Column("amount", "of a dividend: cash for one share", ("dividend", "cash", "cash_amount")),
        Column(
            "available_at",
            "when it was announced; the ex-date where it is not given",
            ("announced_at", "declared_at", "declaration_date"),
        ),
        _SYMBOL,
    ),
    "news": (
        _PUBLISHED,
        Column("headline", "1 to 500 characters", ("title",), required=True),
        _SYMBOLS,
        Column("summary", "at most 10,000 characters", ("description", "body", "text", "content")),
        Column("url", "where it stands", ("link",)),
        _ITEM,
        _AVAILABLE,
        _SYNTHETIC,
    ),
    "social": (
        _PUBLISHED,
        Column("text", "1 to 5,000 characters", ("body", "content", "message", "tweet"), required=True),
        _SYMBOLS,
        Column("platform", "where it was posted; the source's name where it is not given", ("network", "site")),
        Column("reach", "people who saw or follow", ("followers", "views", "impressions")),
        _ITEM,
        _AVAILABLE,
        _SYNTHETIC,
    ),
}
"""Names are compared without case; spaces and dashes count as underscores. Other columns are left alone."""


def given_by_option(kind: Kind, symbol: str | None) -> frozenset[str]:
    """Return the required columns that an option stands in for."""
    if symbol is None:
        return frozenset()
    return frozenset({"symbols" if kind in ("news", "social") else "symbol"})


def match_columns(found: Sequence[str], wanted: Iterable[Column], given: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return the file's name of each wanted column that it has; FileRefusedError where a required one is missing or named twice."""
    by_name: dict[str, str] = {}
    for name in found:
        if (plain := _plain(name)) in by_name:
            raise FileRefusedError(f"expected each column once, found {by_name[plain]!r} and {name!r}")
        by_name[plain] = name
    matched: dict[str, str] = {}
    for column in wanted:
        if column.name in given:
            continue
        theirs = next((by_name[n] for n in (column.name, *column.aliases) if n in by_name), None)
        if theirs is not None:
            matched[column.name] = theirs
        elif column.required:
            names = " or ".join([column.name, *column.aliases])
            raise FileRefusedError(f"expected a column {names}, found {', '.join(found) or 'no columns'}")
    return matched


def match_more(found: Sequence[str], wanted: Iterable[Column], given: frozenset[str], matched: Mapping[str, str]) -> dict[str, str]:
    """Return the columns matched before, and those that only later objects of a file have."""
    relaxed = [replace(column, required=False) for column in wanted if column.name not in matched]
    return {**match_columns(found, relaxed, given), **matched}


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lstrip("\ufeff").lower())

"""Cheap checks of what a fast decoder hands over: a record that fails one is judged by the ordinary decoder, which says why."""

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from projections.records import EARLIEST, LATEST
from schemas.values import SYMBOL_PATTERN, interval_us

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UUIDS = re.compile(f"(?:{_UUID.pattern})*+")
_UUID_LENGTH = 36
_SYMBOL = re.compile(SYMBOL_PATTERN.removesuffix("$") + r"\Z")
_NAME_MAX = 200


def is_uuid(text: str) -> bool:
    """Tell whether a text is a UUID as PostgreSQL and ClickHouse write it, so that it comes back the same."""
    return _UUID.fullmatch(text) is not None


def are_uuids(texts: Sequence[str]) -> NDArray[np.bool_]:
    """Tell of each text whether it is a UUID; all at once where all are."""
    if set(map(len, texts)) <= {_UUID_LENGTH} and _UUIDS.fullmatch("".join(texts)):
        return np.ones(len(texts), np.bool_)
    return np.fromiter(map(is_uuid, texts), np.bool_, len(texts))


def is_storable_time(micros: int) -> bool:
    """Tell whether both stores can hold a time."""
    return EARLIEST <= micros < LATEST


def are_storable_times(*columns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell of each row whether both stores can hold its times."""
    together = np.stack(columns)
    return np.asarray(((together >= EARLIEST) & (together < LATEST)).all(axis=0))


def pass_all(texts: Sequence[str], check: Callable[[str], bool]) -> NDArray[np.bool_]:
    """Tell of each text whether it passes; a text that comes again is looked at once."""
    refused = {text for text in set(texts) if not check(text)}
    if not refused:
        return np.ones(len(texts), np.bool_)
    return np.fromiter((text not in refused for text in texts), np.bool_, len(texts))


class Names:
    """Checks names; each is looked at once, they are few and come again and again."""

    def __init__(self) -> None:
        self._symbols: dict[str, bool] = {}
        self._intervals: dict[str, bool] = {}
        self._names: dict[str, bool] = {}

    def symbol(self, text: str) -> bool:
        """Tell whether a text is a symbol."""
        if text not in self._symbols:
            self._symbols[text] = _SYMBOL.match(text) is not None
        return self._symbols[text]

    def interval(self, text: str) -> bool:
        """Tell whether a text is an interval."""
        if text not in self._intervals:
            self._intervals[text] = _is_interval(text)
        return self._intervals[text]

    def name(self, text: str) -> bool:
        """Tell whether a text can name a source or a model. PostgreSQL holds no NUL in text."""
        if text not in self._names:
            self._names[text] = 0 < len(text) <= _NAME_MAX and "\0" not in text
        return self._names[text]


def _is_interval(text: str) -> bool:
    try:
        interval_us(text)
    except ValueError:
        return False
    return True

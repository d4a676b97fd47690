"""The newest recommendation of each series, asked of the HTTP API like anybody else would."""

import http.client
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from autotrader.demo.plan import LOOP_SOURCE
from schemas.values import parse_time

Series = tuple[str, str]
"""Symbol and interval."""

_TIMEOUT_S = 5.0
_OK = 200


@dataclass(frozen=True, slots=True)
class Latest:
    """What the demo shows of a recommendation. Times in microseconds since the Unix epoch."""

    id: str
    symbol: str
    interval: str
    decided_at: int
    valid_until: int
    action: str
    confidence: float
    score: float
    price: float
    summary: str
    synthetic: bool
    source: str

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "Latest":
        """Return what an answer of the API says; KeyError where it is no recommendation."""
        otherwise: dict[str, Any] = {name: parse_time(answer[name]) for name in ("decided_at", "valid_until")}
        otherwise["summary"] = answer["explanation"]["summary"]
        return cls(**{name: answer[name] for name in cls.__slots__ if name not in otherwise}, **otherwise)

    @property
    def is_repeated(self) -> bool:
        """Return whether it was decided on what the demo repeats, not on what was recorded."""
        return self.source == LOOP_SOURCE


class ApiUnavailableError(Exception):
    """The API did not answer, or not with what was asked for."""


class Recommendations:
    """Asks one API over one connection."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._connection: http.client.HTTPConnection | None = None

    def series(self, intervals: Collection[str]) -> list[Series]:
        """Return every series of bars at some intervals, by interval and symbol; ApiUnavailableError where that cannot be told."""
        found = {
            (one["symbol"], series["interval"])
            for one in self._ask("/api/v1/symbols")["data"]
            for series in one["series"]
            if series["interval"] in intervals
        }
        return sorted(found, key=lambda series: (series[1], series[0]))

    def latest(self, series: Sequence[Series]) -> dict[Series, Latest]:
        """Return the newest recommendation of each series that has one; ApiUnavailableError otherwise."""
        found = {}
        for symbol, interval in series:
            query = urlencode({"symbols": symbol, "interval": interval, "limit": 1})
            for answer in self._ask(f"/api/v1/recommendations?{query}")["data"]:
                found[symbol, interval] = Latest.of(answer)
        return found

    def ready(self) -> bool:
        """Return whether the API says that it is ready."""
        try:
            self._ask("/ready")
        except ApiUnavailableError:
            return False
        return True

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, path: str) -> Any:
        connection = self._connection or http.client.HTTPConnection(
            self._address.hostname or "", self._address.port, timeout=_TIMEOUT_S
        )
        self._connection = connection
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise ApiUnavailableError(f"expected an answer of {self._address.netloc}{path}: {error}") from error
        if response.status != _OK:
            raise ApiUnavailableError(
                f"expected status 200 of {path}, found {response.status}: {body[:200].decode(errors='replace')}"
            )
        return orjson.loads(body)

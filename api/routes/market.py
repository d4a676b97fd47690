"""Reading the market: symbols, bars and features."""

from dataclasses import asdict
from typing import Any

from pydantic import Field
from starlette.responses import Response

from api.envelope import success
from api.errors import Detail, InvalidRequestError
from api.operation import Call, Operation
from api.parameters import Input, IntervalText, SourceName, SymbolPath, Time
from api.ports import SeriesRange
from api.responses.market import BarList, FeaturesList, SymbolList
from api.services import Services
from projections.views.bars import BarRow
from projections.views.features import FeatureRow
from projections.views.symbols import SymbolRow
from schemas.values import iso


class RangeQuery(Input):
    """A part of a series; the newest rows of it are answered, oldest first."""

    interval: IntervalText = Field(default="1d", description="length of the bars, such as 1m or 1d")
    start: Time | None = Field(default=None, description="the first time that counts")
    end: Time | None = Field(default=None, description="the first time that no longer counts")
    limit: int = Field(default=100, ge=1, le=1_000)
    source: SourceName | None = Field(default=None, description="one source; none: all")


async def list_symbols(services: Services, call: Call) -> Response:
    """Answer every symbol that has a bar."""
    rows = await services.symbols.symbols()
    return success([_symbol(row) for row in rows], call.now, count=len(rows))


async def list_bars(services: Services, call: Call) -> Response:
    """Answer bars of a symbol."""
    rows = await services.series.bars(_range(call))
    return success([_bar(row) for row in rows], call.now, count=len(rows))


async def list_features(services: Services, call: Call) -> Response:
    """Answer features of a symbol."""
    rows = await services.series.features(_range(call))
    return success([_features(row) for row in rows], call.now, count=len(rows))


def _range(call: Call) -> SeriesRange:
    query: RangeQuery = call.query
    if query.start is not None and query.end is not None and query.start >= query.end:
        raise InvalidRequestError([Detail("end", "query", f"expected a time after start, found {iso(query.end)}")])
    return SeriesRange(call.path.symbol, query.interval, query.start, query.end, query.limit, query.source)


def _symbol(row: SymbolRow) -> dict[str, Any]:
    series = [{**asdict(one), "first_start": iso(one.first_start), "last_end": iso(one.last_end)} for one in row.series]
    return {"symbol": row.symbol, "price": row.price, "as_of": iso(row.as_of), "series": series}


def _bar(row: BarRow) -> dict[str, Any]:
    return {**asdict(row), "start": iso(row.start), "end": iso(row.end), "available_at": iso(row.available_at)}


def _features(row: FeatureRow) -> dict[str, Any]:
    fields = asdict(row)
    fields |= {"start": iso(row.start), "as_of": iso(fields.pop("timestamp")), "available_at": iso(row.available_at)}
    return fields


OPERATIONS = (
    Operation(
        name="listSymbols",
        path="/api/v1/symbols",
        summary="Every symbol that has a bar",
        tag="market",
        handler=list_symbols,
        answer=SymbolList,
        errors=(503,),
    ),
    Operation(
        name="listBars",
        path="/api/v1/symbols/{symbol}/bars",
        summary="Bars of a symbol",
        description="The newest bars with a start in the range, oldest first; where a bar was corrected, its newest revision.",
        tag="market",
        handler=list_bars,
        path_model=SymbolPath,
        query=RangeQuery,
        answer=BarList,
        errors=(503,),
    ),
    Operation(
        name="listFeatures",
        path="/api/v1/symbols/{symbol}/features",
        summary="Features of a symbol",
        description="The newest features with an end of bar in the range, oldest first; null where a feature was not known.",
        tag="market",
        handler=list_features,
        path_model=SymbolPath,
        query=RangeQuery,
        answer=FeaturesList,
        errors=(503,),
    ),
)

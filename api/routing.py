"""From declared operations to Starlette routes: read and validate, call, and let the error table answer for what fails."""

from collections.abc import Iterable, Mapping
from itertools import groupby

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.deps import ApiSettings
from api.operation import Call, Operation
from api.parameters import Input, NoQuery
from api.reading import read_body, read_query, validated
from api.scope import ROUTE_KEY, STREAMS_KEY
from api.services import Services


def routes(operations: Iterable[Operation], services: Services) -> list[Route]:
    """Return one route for each path, in the order of the declarations."""
    return [
        _route(path, {operation.method: operation for operation in same}, services)
        for path, same in groupby(operations, key=lambda operation: operation.path)
    ]


def _route(path: str, by_method: Mapping[str, Operation], services: Services) -> Route:
    async def endpoint(request: Request) -> Response:
        method = request.method
        operation = by_method["GET" if method == "HEAD" else method]
        request.scope[ROUTE_KEY] = path
        request.scope[STREAMS_KEY] = operation.streams
        return await operation.handler(services, await _read(operation, request, services))

    return Route(path, endpoint, methods=list(by_method), name=next(iter(by_method.values())).name)


async def _read(operation: Operation, request: Request, services: Services) -> Call:
    return Call(
        request=request,
        path=validated(operation.path_model, request.path_params, "path") if request.path_params else NoQuery(),
        query=None if operation.query is None else read_query(operation.query, request.scope["query_string"]),
        body=None if operation.body is None else await _body(operation.body, request, services.settings),
        now=services.clock(),
    )


async def _body(model: type[Input], request: Request, settings: ApiSettings) -> Input:
    return await read_body(model, request, timeout_s=settings.body_timeout_s, bytes_max=settings.body_max_bytes)

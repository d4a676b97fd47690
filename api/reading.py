"""From the bytes of a request to validated objects; everything that is wrong with a part of it is named at once."""

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar, get_args, get_origin
from urllib.parse import parse_qsl

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from api.errors import BodyTimeoutError, BodyTooLargeError, Detail, InvalidRequestError, MalformedBodyError, UnsupportedMediaError
from api.parameters import Input

_SHOWN_MAX = 80
_FIELDS_MAX = 100
_LENGTH_DIGITS_MAX = 18

Read = TypeVar("Read", bound=Input)


def read_query(model: type[Read], query_string: bytes) -> Read:
    """Return a query string as its object; InvalidRequestError otherwise."""
    given: dict[str, Any] = {}
    repeated: list[Detail] = []
    try:
        pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise InvalidRequestError([Detail("", "query", f"expected at most {_FIELDS_MAX} parameters, found more")]) from None
    for name, value in pairs:
        if name not in given:
            given[name] = value
        elif _is_list(model, name):
            given[name] += f",{value}"
        else:
            repeated.append(Detail(_shown(name), "query", "expected once, found more than once"))
    if repeated:
        raise InvalidRequestError(repeated)
    return validated(model, given, "query")


def _is_list(model: type[Input], name: str) -> bool:
    info = model.model_fields.get(name)
    return info is not None and get_origin(info.annotation) is tuple


async def read_body(model: type[Read], request: Request, *, timeout_s: float, bytes_max: int) -> Read:
    """Return a JSON body as its object; one of the errors of a request otherwise."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json" and not media.endswith("+json"):
        raise UnsupportedMediaError("expected the content type application/json")
    try:
        async with asyncio.timeout(timeout_s):
            body = await _bytes(request, bytes_max)
    except TimeoutError:
        raise BodyTimeoutError(f"expected the whole body within {timeout_s:g} s", headers={"Connection": "close"}) from None
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MalformedBodyError("expected a body of JSON") from None
    return validated(model, given, "body")


async def _bytes(request: Request, bytes_max: int) -> bytes:
    """Return the body; refused as soon as it is known to be too large, without reading the rest."""
    too_large = BodyTooLargeError(f"expected a body of at most {bytes_max} bytes", headers={"Connection": "close"})
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and (len(stated) > _LENGTH_DIGITS_MAX or int(stated) > bytes_max):
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            raise too_large
    return bytes(body)


def validated(model: type[Read], given: Any, location: str) -> Read:
    """Return what was given as its object; InvalidRequestError names every field that is wrong."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise InvalidRequestError([_detail(model, found, location) for found in error.errors(include_url=False)]) from None


def _detail(model: type[Input], found: Mapping[str, Any], location: str) -> Detail:
    place = ".".join(map(str, found["loc"]))
    if found["type"] == "extra_forbidden":
        known = ", ".join(_known_names(model, found["loc"][:-1])) or "none"
        return Detail(_shown(place), location, f"expected one of the known names ({known}), found another")
    if found["type"] == "missing":
        return Detail(_shown(place), location, "expected a value, found none")
    message = found["msg"].removeprefix("Value error, ")
    value = found["input"]
    shown = f", found {_shown(repr(value))}" if isinstance(value, str | int | float | bool | None) else ""
    return Detail(_shown(place), location, message + shown)


def _known_names(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            inner = _model_in(model.model_fields[part].annotation)
            if inner is None:
                return []
            model = inner
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part)) is not None), None)


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "…"

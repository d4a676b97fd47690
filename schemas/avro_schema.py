"""The Avro schema of an event, derived from its pydantic model: one source, and a test keeps the committed files in step."""

import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from schemas.events.base import Event

NAMESPACE = "ai.autotrader"
_PRIMITIVES: Mapping[type, str] = {str: "string", int: "long", float: "double", bool: "boolean", bytes: "bytes"}


def avro_schema(event: type[Event]) -> dict[str, Any]:
    """Return the Avro record schema of an event class; TypeError for a field that Avro cannot say."""
    schema = _record(event, {})
    schema["doc"] = f"{event.TYPE} version {event.VERSION}. {_first_line(event)}"
    return schema


def _record(model: type[BaseModel], known: dict[str, bool]) -> dict[str, Any]:
    known[model.__name__] = True
    return {
        "type": "record",
        "name": model.__name__,
        "namespace": NAMESPACE,
        "doc": _first_line(model),
        "fields": [_field(model.__name__, name, info, known) for name, info in model.model_fields.items()],
    }


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().split("\n")[0]


def _field(owner: str, name: str, info: FieldInfo, known: dict[str, bool]) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": name,
        "type": _type(owner, name, info.annotation, info.json_schema_extra, known),
    }
    if info.description:
        field["doc"] = info.description
    if info.default_factory is not None:
        raise TypeError(f"{owner}.{name}: expected a default that the schema can state, found a factory")
    if info.default is not PydanticUndefined:
        if isinstance(field["type"], list) and info.default is not None:
            raise TypeError(f"{owner}.{name}: expected None, the first of the union, as the default, found {info.default!r}")
        field["default"] = list(info.default) if isinstance(info.default, tuple) else info.default
    return field


def _type(owner: str, name: str, annotation: Any, extra: Any, known: dict[str, bool]) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner = next((meta.json_schema_extra for meta in arguments[1:] if isinstance(meta, FieldInfo)), extra)
        return _type(owner, name, arguments[0], inner, known)
    if origin is Literal:
        return {
            "type": "enum",
            "name": f"{owner}{name.title().replace('_', '')}",
            "namespace": NAMESPACE,
            "symbols": list(arguments),
        }
    if origin is tuple:
        if arguments[1:] != (Ellipsis,):
            raise TypeError(f"{owner}.{name}: expected a tuple of any length of one type, found {annotation!r}")
        return {"type": "array", "items": _type(owner, name, arguments[0], None, known)}
    if origin in (Union, types.UnionType):
        inner_types = [argument for argument in arguments if argument is not type(None)]
        if len(inner_types) != 1 or len(arguments) == 1:
            raise TypeError(f"{owner}.{name}: expected one type or none of it, found {annotation!r}")
        return ["null", _type(owner, name, inner_types[0], None, known)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"{NAMESPACE}.{annotation.__name__}" if annotation.__name__ in known else _record(annotation, known)
    if annotation not in _PRIMITIVES:
        raise TypeError(f"{owner}.{name}: expected a type that Avro can say, found {annotation!r}")
    if isinstance(extra, dict) and extra.get("avro"):
        return {"type": _PRIMITIVES[annotation], "logicalType": extra["avro"]}
    return _PRIMITIVES[annotation]

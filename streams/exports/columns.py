"""Events as flat columns: nested parts become columns of their own, named after where they are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.events.base import Event

ColumnKind = Literal["time", "float", "int", "text", "bool", "bytes", "texts", "objects"]
"""``texts`` is a list of texts, ``objects`` a list of nested parts."""

_PLAIN: Mapping[type, ColumnKind] = {float: "float", int: "int", str: "text", bool: "bool", bytes: "bytes"}


@dataclass(frozen=True, slots=True)
class FlatColumn:
    """One column: its name, what it holds, and where in a decoded record it is."""

    name: str
    kind: ColumnKind
    path: tuple[str, ...]
    member: str | None = None
    """Of a list of named parts, the name of the part that the path goes on in; the path's first step is the list."""

    def of(self, record: Mapping[str, Any]) -> Any:
        """Return the column's value in a decoded record; None where there is none."""
        value: Any = record
        if self.member is not None:
            value = next((part for part in record[self.path[0]] if part["name"] == self.member), None)
            return None if value is None else value[self.path[1]]
        for step in self.path:
            value = value[step]
        return value


def flat_columns(event: type[Event]) -> list[FlatColumn]:
    """Return the columns of an event, in the order of its fields."""
    return list(_columns(event, (), ""))


def _columns(model: type[BaseModel], path: tuple[str, ...], prefix: str) -> Iterator[FlatColumn]:
    for name, info in model.model_fields.items():
        yield from _of_field(prefix + name, info.annotation, info, (*path, name))


def _of_field(name: str, annotation: Any, info: FieldInfo, path: tuple[str, ...]) -> Iterator[FlatColumn]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _of_field(name, arguments[0], info, path)
    elif origin in (Union, UnionType):
        yield from _of_field(name, next(a for a in arguments if a is not type(None)), info, path)
    elif origin is tuple:
        yield from _of_list(name, arguments[0], path)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _columns(annotation, path, f"{name}_")
    else:
        yield FlatColumn(name, _kind(annotation, info), path)


def _of_list(name: str, item: Any, path: tuple[str, ...]) -> Iterator[FlatColumn]:
    if not (isinstance(item, type) and issubclass(item, BaseModel)):
        yield FlatColumn(name, "texts", path)
        return
    members = _members(item)
    if not members:
        yield FlatColumn(name, "objects", path)
    for member in members:
        for field, info in item.model_fields.items():
            if field != "name":
                yield FlatColumn(f"{member}_{field}", _kind(info.annotation, info), (*path, field), member)


def _members(item: type[BaseModel]) -> Sequence[str]:
    """Return the names that the parts of a list can have, where they are few and known."""
    info = item.model_fields.get("name")
    return get_args(info.annotation) if info is not None and get_origin(info.annotation) is Literal else ()


def _kind(annotation: Any, info: FieldInfo) -> ColumnKind:
    extra = info.json_schema_extra
    if isinstance(extra, dict) and extra.get("avro") == "timestamp-micros":
        return "time"
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0], info)
    return _PLAIN.get(annotation, "text")

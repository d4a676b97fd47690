"""Old events in the form of today: a chain of pure functions, each from one version to the one that replaced it.

Most versions need none: what a newer schema added takes its default, what it dropped is dropped. A function is written
where that is not enough, or where an event was replaced by one of another type. It gets a record of its source version
and returns one of its target version, out of that record alone.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from schemas.registry import Catalogue

PlainRecord = dict[str, Any]
Change = Callable[[PlainRecord], PlainRecord]
VersionOf = tuple[str, int]
"""An event type and a version of it."""


@dataclass(frozen=True)
class Step:
    """How a record of one event version becomes one of the version, or of the event, that replaced it."""

    source: VersionOf
    target: VersionOf
    change: Change


@dataclass(frozen=True)
class Upgrade:
    """All steps of one old version, and the event type that it ends as."""

    type: str
    changes: tuple[Change, ...]

    def __call__(self, record: PlainRecord) -> PlainRecord:
        for change in self.changes:
            record = change(record)
        return record


STEPS: tuple[Step, ...] = ()
"""Every step that needs a function. Append only: as long as an old record exists, its step does."""


def upgrades(catalogue: Catalogue, steps: Sequence[Step] = STEPS) -> Mapping[int, Upgrade]:
    """Return what old schema ids need; ids of current versions are not in it. ValueError where a chain leads nowhere."""
    by_source = {step.source: step for step in steps}
    if len(by_source) < len(steps):
        raise ValueError("expected one step from each version, found two from the same")
    current = {(version.type, version.version) for version in catalogue.current.values()}
    return {
        version.id: _chain(catalogue, by_source, current, (version.type, version.version))
        for version in catalogue.versions
        if (version.type, version.version) not in current
    }


def _chain(catalogue: Catalogue, steps: Mapping[VersionOf, Step], current: set[VersionOf], at: VersionOf) -> Upgrade:
    schemas = {(version.type, version.version): version.schema for version in catalogue.versions}
    changes: list[Change] = []
    passed = {at}
    while at not in current:
        if step := steps.get(at):
            changes.append(step.change)
            at = step.target
        else:
            at = (at[0], at[1] + 1)
            if at in schemas:
                changes.append(_resolution(schemas[at]))
        if at not in schemas:
            raise ValueError(f"expected a step or a schema that leads on, found none to {at[0]} version {at[1]}")
        if at in passed:
            raise ValueError(f"expected steps that end, found a circle at {at[0]} version {at[1]}")
        passed.add(at)
    return Upgrade(at[0], tuple(changes))


def _resolution(schema: Mapping[str, Any]) -> Change:
    """Return what Avro's resolution does between compatible versions: new fields get their default, dropped ones go."""
    names: dict[str, Any] = {}
    _collect(schema, names)
    return lambda record: _resolved(record, schema, names)


def _collect(part: Any, names: dict[str, Any]) -> None:
    if isinstance(part, list):
        for branch in part:
            _collect(branch, names)
    elif isinstance(part, Mapping):
        if "name" in part:
            names[f"{part['namespace']}.{part['name']}"] = part
        for item in part.get("fields", ()):
            _collect(item["type"], names)
        _collect(part.get("items"), names)


def _resolved(value: Any, part: Any, names: Mapping[str, Any]) -> Any:
    part = names.get(part, part) if isinstance(part, str) else part
    if isinstance(part, list):
        # Ours are unions of null and one type (schemas.avro_schema writes no others).
        return None if value is None else _resolved(value, next(branch for branch in part if branch != "null"), names)
    if isinstance(value, dict):
        return {
            item["name"]: _resolved(value[item["name"]], item["type"], names)
            if item["name"] in value
            else deepcopy(item["default"])
            for item in part["fields"]
        }
    if isinstance(value, list):
        return [_resolved(one, part["items"], names) for one in value]
    if isinstance(part, dict) and part["type"] == "enum" and value not in part["symbols"]:
        return part["default"]
    return value

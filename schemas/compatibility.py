"""Whether one schema version reads what another wrote: Avro's schema resolution, in both directions, over a subject's history.

The rules are those of the Avro specification 1.12, "Schema Resolution". On top of them stands one of our own: what a field
means never changes, so another logical type is refused, and so is bytes for string, though Avro would read it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import fastavro

from schemas.registry import Catalogue, SchemaVersion

_PROMOTIONS: Mapping[str, frozenset[str]] = {
    "long": frozenset({"int"}),
    "float": frozenset({"int", "long"}),
    "double": frozenset({"int", "long", "float"}),
    "string": frozenset({"bytes"}),
    "bytes": frozenset({"string"}),
}
"""Reader's type → writer's types that it reads besides its own."""


@dataclass(frozen=True)
class Problem:
    """One reason why a reader's schema does not read what a writer's schema wrote."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


def reading_problems(reader: Any, writer: Any) -> list[Problem]:
    """Return why data of the writer's schema cannot be read with the reader's, by the rules of Avro; empty where it can."""
    return _comparison(reader, writer).problems()


def evolution_problems(older: Any, newer: Any) -> list[str]:
    """Return why two versions of one subject may not stand beside each other; empty where each reads what the other wrote."""
    found = [f"the newer cannot read what the older wrote: {problem}" for problem in _comparison(newer, older, True).problems()]
    found += [f"the older cannot read what the newer wrote: {problem}" for problem in _comparison(older, newer, True).problems()]
    return found


def history_problems(history: Sequence[SchemaVersion]) -> list[str]:
    """Return what breaks FULL_TRANSITIVE in the versions of one subject, oldest first: every one is compared with every other."""
    return [
        f"{newer.subject} version {newer.version} against version {older.version}: {problem}"
        for at, newer in enumerate(history)
        for older in history[:at]
        for problem in evolution_problems(older.schema, newer.schema)
    ]


def catalogue_problems(catalogue: Catalogue) -> list[str]:
    """Return what breaks FULL_TRANSITIVE anywhere in a catalogue."""
    return [problem for subject in catalogue.subjects() for problem in history_problems(catalogue.history(subject))]


def _comparison(reader: Any, writer: Any, meaning: bool = False) -> "_Comparison":
    reader_names: dict[str, Any] = {}
    writer_names: dict[str, Any] = {}
    return _Comparison(_full_names(reader, reader_names), _full_names(writer, writer_names), reader_names, writer_names, meaning)


def _full_names(schema: Any, names: dict[str, Any]) -> Any:
    """Check a schema and write every name in full; ``names`` receives what each stands for."""
    return fastavro.parse_schema(schema, named_schemas=names, _write_hint=False)


@dataclass
class _Comparison:
    reader: Any
    writer: Any
    reader_names: Mapping[str, Any]
    writer_names: Mapping[str, Any]
    meaning: bool
    compared: set[tuple[str, str]] = field(default_factory=set)

    def problems(self) -> list[Problem]:
        return self._check(self.reader, self.writer, "")

    def _check(self, reader: Any, writer: Any, place: str) -> list[Problem]:
        reader, writer = _looked_up(reader, self.reader_names), _looked_up(writer, self.writer_names)
        if isinstance(writer, list):
            return [problem for branch in writer for problem in self._check(reader, branch, place)]
        if isinstance(reader, list):
            return self._check_branches(reader, writer, place)
        if not _same_kind(reader, writer):
            if self.meaning or _type_of(writer) not in _PROMOTIONS.get(_type_of(reader), ()):
                return [_problem(place, f"expected {_name_of(reader)}, found {_name_of(writer)}")]
            return []
        problems = self._check_meaning(reader, writer, place)
        match _type_of(reader):
            case "record":
                return problems + self._check_fields(reader, writer, place)
            case "enum":
                return problems + _check_symbols(reader, writer, place)
            case "array":
                return problems + self._check(reader["items"], writer["items"], f"{place}/items")
            case "map":
                return problems + self._check(reader["values"], writer["values"], f"{place}/values")
            case "fixed" if reader["size"] != writer["size"]:
                return [_problem(place, f"expected {reader['size']} bytes, found {writer['size']}")]
        return problems

    def _check_branches(self, branches: list[Any], writer: Any, place: str) -> list[Problem]:
        known = [_looked_up(branch, self.reader_names) for branch in branches]
        alike = [branch for branch in known if _same_kind(branch, writer)]
        if alike:
            return self._check(alike[0], writer, place)
        if any(not self._check(branch, writer, place) for branch in known):
            return []
        return [_problem(place, f"expected one of {', '.join(map(_name_of, known))}, found {_name_of(writer)}")]

    def _check_meaning(self, reader: Any, writer: Any, place: str) -> list[Problem]:
        mine, theirs = (part.get("logicalType") if isinstance(part, dict) else None for part in (reader, writer))
        if not self.meaning or mine == theirs:
            return []
        return [_problem(place, f"expected the logical type {mine}, found {theirs}")]

    def _check_fields(self, reader: Any, writer: Any, place: str) -> list[Problem]:
        pair = (reader["name"], writer["name"])
        if pair in self.compared:  # a record within itself, or one that is used in several places
            return []
        self.compared.add(pair)
        written = {item["name"]: item["type"] for item in writer["fields"]}
        problems = []
        for item in reader["fields"]:
            names = [item["name"], *item.get("aliases", ())]
            found = next((name for name in names if name in written), None)
            at = f"{place}/{item['name']}"
            if found is not None:
                problems += self._check(item["type"], written[found], at)
            elif "default" not in item:
                problems.append(_problem(at, "expected a default, found none, and the writer has no such field"))
        return problems


def _check_symbols(reader: Any, writer: Any, place: str) -> list[Problem]:
    unknown = [symbol for symbol in writer["symbols"] if symbol not in reader["symbols"]]
    if not unknown or "default" in reader:
        return []
    return [_problem(place, f"expected one of {', '.join(reader['symbols'])}, found {', '.join(unknown)}")]


def _looked_up(part: Any, names: Mapping[str, Any]) -> Any:
    return names.get(part, part) if isinstance(part, str) else part


def _type_of(part: Any) -> str:
    if isinstance(part, list):
        return "union"
    return str(part["type"]) if isinstance(part, dict) else str(part)


def _name_of(part: Any) -> str:
    kind = _type_of(part)
    return f"{kind} {part['name']}" if kind in ("record", "enum", "fixed") else kind


def _same_kind(reader: Any, writer: Any) -> bool:
    """Return whether both are the same type; named ones need the same name, their namespaces may differ."""
    if _type_of(reader) != _type_of(writer):
        return False
    if _type_of(reader) not in ("record", "enum", "fixed"):
        return True
    own, theirs = reader["name"].rpartition(".")[2], writer["name"].rpartition(".")[2]
    return own == theirs or writer["name"] in reader.get("aliases", ()) or theirs in reader.get("aliases", ())


def _problem(place: str, message: str) -> Problem:
    return Problem(place or "/", message)

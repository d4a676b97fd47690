import io
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.compatibility import catalogue_problems, evolution_problems, history_problems, reading_problems
from schemas.registry import SchemaVersion, committed_catalogue

PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "string", "bytes"]
VALUES: dict[str, list[Any]] = {
    "null": [None],
    "boolean": [True],
    "int": [-5],
    "long": [2**40],
    "float": [0.5],
    "double": [0.1],
    "string": ["é"],
    "bytes": [b"plain"],  # Avro would read any bytes as text; whether they are is another matter
}
DEFAULTS = {"null": None, "boolean": False, "int": 0, "long": 0, "float": 0.0, "double": 0.0, "string": "", "bytes": ""}


def record(*fields: dict[str, Any], name: str = "R") -> dict[str, Any]:
    return {"type": "record", "name": name, "namespace": "n", "fields": list(fields)}


def enum(*symbols: str, **more: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "E", "namespace": "n", "symbols": list(symbols), **more}


A_LONG = {"name": "a", "type": "long"}
B_DEFAULT = {"name": "b", "type": "string", "default": ""}

symbols = st.lists(st.sampled_from("XYZ"), min_size=1, max_size=3, unique=True)
enums = st.builds(lambda known, default: enum(*known, **({"default": known[0]} if default else {})), symbols, st.booleans())
leaves = st.one_of(st.sampled_from(PRIMITIVES), enums)
types = st.one_of(
    leaves,
    st.builds(lambda items: {"type": "array", "items": items}, leaves),
    st.builds(lambda other: ["null", other], st.sampled_from(PRIMITIVES[1:])),
)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    fields: list[dict[str, Any]] = []
    for name in draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)):
        kind = draw(types) if "n.E" not in str(fields) and "'E'" not in str(fields) else draw(st.sampled_from(PRIMITIVES))
        field: dict[str, Any] = {"name": name, "type": kind}
        if isinstance(kind, str) and draw(st.booleans()):
            field["default"] = DEFAULTS[kind]
        fields.append(field)
    return record(*fields)


def covering(kind: Any) -> list[Any]:
    """Values of a type that between them use every branch and every symbol of it."""
    if isinstance(kind, list):
        return [value for branch in kind for value in covering(branch)]
    if isinstance(kind, str):
        return VALUES[kind]
    if kind["type"] == "enum":
        return list(kind["symbols"])
    if kind["type"] == "array":
        return [covering(kind["items"])]
    values = {field["name"]: covering(field["type"]) for field in kind["fields"]}
    return [{name: options[at % len(options)] for name, options in values.items()} for at in range(max(map(len, values.values())))]


def fastavro_reads_all(reader: Any, writer: Any) -> bool:
    for value in covering(writer):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, fastavro.parse_schema(writer, named_schemas={}), value)
        out.seek(0)
        try:
            fastavro.schemaless_reader(
                out, fastavro.parse_schema(writer, named_schemas={}), fastavro.parse_schema(reader, named_schemas={})
            )
        except (fastavro.schema.SchemaParseException, fastavro.read.SchemaResolutionError):
            return False
    return True


@given(reader=records(), writer=records())
def test_the_verdict_is_that_of_an_avro_reader(reader: Any, writer: Any) -> None:
    problems = reading_problems(reader, writer)

    assert fastavro_reads_all(reader, writer) == (not problems), problems


@given(schema=records())
def test_a_schema_is_compatible_with_itself(schema: Any) -> None:
    assert [] == evolution_problems(schema, schema)


@given(older=records(), newer=records())
def test_evolution_is_judged_the_same_from_both_sides(older: Any, newer: Any) -> None:
    assert bool(evolution_problems(older, newer)) == bool(evolution_problems(newer, older))


def test_a_field_with_a_default_may_come_and_go() -> None:
    assert [] == evolution_problems(record(A_LONG), record(A_LONG, B_DEFAULT))
    assert [] == evolution_problems(record(A_LONG, B_DEFAULT), record(A_LONG))


def test_documentation_and_order_may_change() -> None:
    assert [] == evolution_problems(record(A_LONG, B_DEFAULT), record(B_DEFAULT, {**A_LONG, "doc": "better said"}))


@pytest.mark.parametrize(
    ("older", "newer", "message"),
    [
        (
            record(A_LONG),
            record(A_LONG, {"name": "b", "type": "string"}),
            "cannot read what the older wrote: /b: expected a default",
        ),
        (
            record(A_LONG, {"name": "b", "type": "string"}),
            record(A_LONG),
            "cannot read what the newer wrote: /b: expected a default",
        ),
        (record(A_LONG), record({"name": "a", "type": "double"}), "/a: expected long, found double"),
        (record(A_LONG), record({"name": "amount", "type": "long"}), "/a: expected a default, found none"),
        (
            record({"name": "a", "type": "int"}),
            record(A_LONG),
            "the older cannot read what the newer wrote: /a: expected int, found long",
        ),
        (record({"name": "a", "type": "string"}), record({"name": "a", "type": "bytes"}), "/a: expected bytes, found string"),
        (record({"name": "a", "type": enum("X")}), record({"name": "a", "type": enum("X", "Y")}), "/a: expected one of X, found Y"),
        (record({"name": "a", "type": ["null", "long"]}), record(A_LONG), "/a: expected long, found null"),
        (record(A_LONG), record(A_LONG, name="S"), "/: expected record n.S, found record n.R"),
        (
            record({"name": "a", "type": {"type": "array", "items": "long"}}),
            record({"name": "a", "type": {"type": "array", "items": "string"}}),
            "/a/items: expected string, found long",
        ),
        (
            record({"name": "a", "type": {"type": "long", "logicalType": "timestamp-micros"}}),
            record({"name": "a", "type": {"type": "long", "logicalType": "timestamp-millis"}}),
            "/a: expected the logical type timestamp-millis, found timestamp-micros",
        ),
        (
            record({"name": "a", "type": {"type": "fixed", "name": "F", "size": 8}}),
            record({"name": "a", "type": {"type": "fixed", "name": "F", "size": 16}}),
            "/a: expected 16 bytes, found 8",
        ),
        (
            record({"name": "a", "type": {"type": "map", "values": "long"}}),
            record({"name": "a", "type": {"type": "map", "values": "null"}}),
            "/a/values: expected null, found long",
        ),
        (
            record({"name": "a", "type": record(A_LONG, name="Inner")}),
            record({"name": "a", "type": record(A_LONG, {"name": "b", "type": "long"}, name="Inner")}),
            "/a/b: expected a default",
        ),
    ],
)
def test_an_incompatible_change_is_named_with_its_place(older: Any, newer: Any, message: str) -> None:
    assert any(message in problem for problem in evolution_problems(older, newer)), evolution_problems(older, newer)


def test_avro_itself_would_read_bytes_as_text() -> None:
    assert [] == reading_problems("string", "bytes")


def test_a_reader_may_know_more_than_the_writer() -> None:
    assert [] == reading_problems(["null", "double"], "int")
    assert [] == reading_problems(enum("X", "Y"), enum("X"))
    assert [] == reading_problems(enum("X", default="X"), enum("Y"))
    assert ["/: expected one of null, long, found string"] == [str(p) for p in reading_problems(["null", "long"], "string")]


def test_a_record_within_itself_is_compared_once() -> None:
    tree = record(A_LONG, {"name": "next", "type": ["null", "n.R"]})

    assert [] == evolution_problems(tree, tree)


def test_an_alias_finds_the_field_that_was_renamed() -> None:
    renamed = record({"name": "amount", "type": "long", "aliases": ["a"]})

    assert [] == reading_problems(renamed, record(A_LONG))


def version(number: int, schema: dict[str, Any]) -> SchemaVersion:
    return SchemaVersion(number, "made.up", number, schema)


def test_every_version_is_compared_with_every_other() -> None:
    """Plain BACKWARD would miss this: version 3 brings a field of version 1 back, with another type."""
    first = record(A_LONG, B_DEFAULT)
    second = record(A_LONG)
    third = record(A_LONG, {"name": "b", "type": "long", "default": 0})

    problems = history_problems([version(1, first), version(2, second), version(3, third)])

    assert all("n.R version 3 against version 1" in problem for problem in problems)
    assert 2 == len(problems)


def test_the_committed_history_is_compatible() -> None:
    assert [] == catalogue_problems(committed_catalogue())

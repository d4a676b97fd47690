"""What the client needs of a schema registry: the same tests for the one in memory and for real servers.

A test class that inherits one of these gives the fixture ``client``; subjects are new in each test, so one server serves all.
"""

import json
import uuid
from typing import Any

import fastavro
import pytest

from schemas.codec import Codec
from schemas.compatibility import evolution_problems
from schemas.plain import plain
from schemas.registry import Catalogue, SchemaVersion, committed_catalogue
from schemas.registry_client import (
    COMPATIBILITY,
    IncompatibleSchemaError,
    RegistryClient,
    RegistryError,
    RegistryRefusedError,
    register_catalogue,
    registered_catalogue,
)
from schemas.samples import samples

A_LONG = {"name": "a", "type": "long"}


def record(name: str, *fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": name, "namespace": "ai.autotrader.tests", "fields": list(fields)}


def renamed(catalogue: Catalogue, name: str) -> Catalogue:
    """The committed schemas under names that no earlier test has registered."""
    namespace = f"ai.autotrader.{name}"

    def in_namespace(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: namespace if key == "namespace" else in_namespace(value) for key, value in part.items()}
        if isinstance(part, list):
            return [in_namespace(value) for value in part]
        return (
            part.replace("ai.autotrader.", f"{namespace}.") if isinstance(part, str) and part.startswith("ai.autotrader.") else part
        )

    return Catalogue(tuple(SchemaVersion(v.id, v.type, v.version, in_namespace(v.schema)) for v in catalogue.versions))


def in_full(schema: Any) -> Any:
    """A schema with every name in full: a registry may leave a namespace out where the enclosing one says it."""
    return fastavro.parse_schema(schema, named_schemas={})


class ReadOnlyRegistryContract:
    """Of a registry that holds the committed catalogue: what consumers of other teams need."""

    def test_every_committed_schema_is_found_by_the_id_on_the_wire(self, client: RegistryClient) -> None:
        known = registered_catalogue(client, committed_catalogue())

        assert len(known.versions) == len(known.by_id)
        for version in known.versions:
            assert in_full(version.schema) == in_full(client.schema(version.id))

    def test_subjects_are_the_names_of_the_records(self, client: RegistryClient) -> None:
        assert set(committed_catalogue().subjects()) <= set(client.subjects())

    def test_each_subject_lists_its_versions(self, client: RegistryClient) -> None:
        for subject in committed_catalogue().subjects():
            assert len(committed_catalogue().history(subject)) == len(client.versions(subject))

    def test_records_written_with_its_ids_decode(self, client: RegistryClient) -> None:
        codec = Codec(registered_catalogue(client, committed_catalogue()))

        for event in samples():
            assert plain(event.model_dump()) == plain(codec.decode(codec.encode(event)).model_dump())

    def test_an_id_that_it_does_not_have_is_refused(self, client: RegistryClient) -> None:
        with pytest.raises(RegistryRefusedError, match="expected success, found 404") as caught:
            client.schema(987_654_321)

        assert (404, 40403) == (caught.value.status, caught.value.code)

    def test_a_subject_that_it_does_not_have_has_no_versions(self, client: RegistryClient) -> None:
        assert [] == client.versions("ai.autotrader.Nothing")
        assert client.find_id("ai.autotrader.Nothing", json.dumps(record("Nothing", A_LONG))) is None


class RegistryContract:
    """Of a registry that can be written."""

    @pytest.fixture
    def name(self) -> str:
        return f"T{uuid.uuid4().hex[:12]}"

    def test_the_catalogue_is_registered_under_full_transitive(self, client: RegistryClient, name: str) -> None:
        registered = register_catalogue(client, renamed(committed_catalogue(), name))

        assert len(registered.versions) == len(registered.by_id)
        for version in registered.versions:
            assert in_full(version.schema) == in_full(client.schema(version.id))
            assert COMPATIBILITY == client.compatibility(version.subject)

    def test_registering_again_changes_nothing(self, client: RegistryClient, name: str) -> None:
        mine = renamed(committed_catalogue(), name)
        first = register_catalogue(client, mine)

        assert first.versions == register_catalogue(client, mine).versions
        assert first.versions == registered_catalogue(client, mine).versions
        assert all([1] == client.versions(subject) for subject in mine.subjects())

    def test_the_ids_it_gives_are_the_ids_on_the_wire(self, client: RegistryClient, name: str) -> None:
        codec = Codec(register_catalogue(client, renamed(committed_catalogue(), name)))

        for event in samples():
            encoded = codec.encode(event)
            assert codec.schema_id(event.TYPE) == int.from_bytes(encoded[1:5])
            assert plain(event.model_dump()) == plain(codec.decode(encoded).model_dump())

    def test_all_versions_of_a_subject_are_registered_oldest_first(self, client: RegistryClient, name: str) -> None:
        second = record(name, A_LONG, {"name": "b", "type": "string", "default": ""})
        versions = (SchemaVersion(8, "t", 2, second), SchemaVersion(9, "t", 1, record(name, A_LONG)))

        registered = register_catalogue(client, Catalogue(versions, {}))

        assert [1, 2] == client.versions(f"ai.autotrader.tests.{name}")
        assert [1, 2] == [version.version for _, version in sorted(registered.by_id.items())]

    def test_a_catalogue_that_is_not_registered_is_named(self, client: RegistryClient, name: str) -> None:
        with pytest.raises(RegistryError, match=f"expected ai.autotrader.{name}.Tick version 1 in the registry, found no such"):
            registered_catalogue(client, renamed(committed_catalogue(), name))

    @pytest.mark.parametrize(
        "second",
        [
            [A_LONG, {"name": "b", "type": "string", "default": ""}],
            [A_LONG, {"name": "b", "type": "string"}],
            [{"name": "a", "type": "double"}],
            [{"name": "a", "type": "int"}],
            [{"name": "amount", "type": "long"}],
            [{"name": "a", "type": ["null", "long"]}],
            [{**A_LONG, "doc": "better said"}],
        ],
        ids=["added with a default", "added without", "widened", "narrowed", "renamed", "made optional", "explained"],
    )
    def test_its_verdict_on_a_second_version_is_ours(self, client: RegistryClient, name: str, second: list[dict[str, Any]]) -> None:
        subject = f"ai.autotrader.tests.{name}"
        first = record(name, A_LONG)
        client.register(subject, json.dumps(first))
        client.set_compatibility(subject)

        assert client.is_compatible(subject, json.dumps(record(name, *second))) == (
            not evolution_problems(first, record(name, *second))
        )

    def test_an_incompatible_version_is_refused_and_not_registered(self, client: RegistryClient, name: str) -> None:
        subject = f"ai.autotrader.tests.{name}"
        client.register(subject, json.dumps(record(name, A_LONG)))
        client.set_compatibility(subject)

        with pytest.raises(IncompatibleSchemaError, match="expected success, found 409"):
            client.register(subject, json.dumps(record(name, {"name": "a", "type": "string"})))
        assert [1] == client.versions(subject)

    def test_a_version_is_held_against_all_before_it(self, client: RegistryClient, name: str) -> None:
        subject = f"ai.autotrader.tests.{name}"
        client.register(subject, json.dumps(record(name, A_LONG, {"name": "b", "type": "string", "default": ""})))
        client.set_compatibility(subject)
        client.register(subject, json.dumps(record(name, A_LONG)))

        assert not client.is_compatible(subject, json.dumps(record(name, A_LONG, {"name": "b", "type": "long", "default": 0})))

    def test_what_is_no_schema_is_refused(self, client: RegistryClient, name: str) -> None:
        with pytest.raises(RegistryRefusedError, match="expected success, found 422") as caught:
            client.register(f"ai.autotrader.tests.{name}", "{")

        assert 42201 == caught.value.code

    def test_a_subject_without_a_level_of_its_own_has_the_registrys(self, client: RegistryClient, name: str) -> None:
        assert client.compatibility(f"ai.autotrader.tests.{name}") in {"NONE", "BACKWARD"}  # what registries come with
        assert client.is_compatible(f"ai.autotrader.tests.{name}", json.dumps(record(name, A_LONG)))

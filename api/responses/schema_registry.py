"""Answers of the schema registry, in the shape that its clients expect."""

from typing import Any, Literal

from pydantic import Field, RootModel

from api.responses.envelope import Answer


class SchemaText(Answer):
    """A schema."""

    schema_text: str = Field(alias="schema", description="Avro, as JSON text")


class RegisteredSchema(SchemaText):
    """A version of a subject."""

    subject: str
    version: int
    id: int
    schemaType: Literal["AVRO"]  # noqa: N815  (the name on the wire)


class SubjectVersion(Answer):
    """A version of a subject, without its text."""

    subject: str
    version: int


class SubjectVersions(RootModel[list[SubjectVersion]]):
    """Where a schema is registered."""


class Names(RootModel[list[str]]):
    """Subjects, or types of schemas."""


class Numbers(RootModel[list[int]]):
    """Version numbers."""


class AvroSchema(RootModel[dict[str, Any]]):
    """A schema as JSON."""


class Compatibility(Answer):
    """What a new version must be compatible with."""

    compatibilityLevel: str  # noqa: N815  (the name on the wire)


class Mode(Answer):
    """Whether schemas can be registered."""

    mode: str


class SchemaId(Answer):
    """The id of a schema."""

    id: int


class RegistryError(Answer):
    """An error of the registry."""

    error_code: int
    message: str

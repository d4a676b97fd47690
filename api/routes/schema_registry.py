"""The read-only part of a Confluent-compatible schema registry, served from the committed catalogue.

Look-ups by POST are reads too, and registering what is registered already answers its id, as every registry does: so ordinary
serializers work. Anything new is refused: a schema is committed, not sent.
"""

import json
from functools import partial
from typing import Any

from pydantic import ConfigDict, Field
from starlette.responses import Response

from api.operation import Call, Operation
from api.parameters import Input
from api.registry_protocol import MEDIA, RegistryProtocolError, registry_success
from api.responses import schema_registry as answers
from api.services import Services
from schemas.registry import SchemaVersion

_SUBJECT_UNKNOWN, _VERSION_UNKNOWN, _SCHEMA_UNKNOWN = 40401, 40402, 40403
_VERSION_INVALID, _READ_ONLY = 42202, 42205
_COMPATIBILITY, _MODE = "FULL_TRANSITIVE", "READONLY"


class IdPath(Input):
    """The id that stands before every record."""

    id: int = Field(ge=0, le=2**31 - 1)


class SubjectPath(Input):
    """A subject: the full name of the record."""

    subject: str = Field(max_length=400)


class VersionPath(SubjectPath):
    """A version of a subject."""

    version: str = Field(max_length=20, description="a number, or latest")


class SchemaBody(Input):
    """A schema as clients send it; what else they send means nothing here."""

    model_config = ConfigDict(extra="ignore")

    schema_text: str = Field(alias="schema", max_length=200_000, description="Avro, as JSON text")
    schemaType: str = Field(default="AVRO", max_length=20)  # noqa: N815  (the name on the wire)


async def schema_by_id(services: Services, call: Call) -> Response:
    """Answer the text of a schema."""
    return registry_success({"schema": _by_id(services, call).text})


async def versions_by_id(services: Services, call: Call) -> Response:
    """Answer where a schema is registered."""
    found = _by_id(services, call)
    return registry_success([{"subject": found.subject, "version": found.version}])


async def subjects_by_id(services: Services, call: Call) -> Response:
    """Answer the subjects of a schema."""
    return registry_success([_by_id(services, call).subject])


async def subjects(services: Services, call: Call) -> Response:
    """Answer all subjects, or those with a prefix."""
    prefix = call.request.query_params.get("subjectPrefix", "")
    return registry_success([subject for subject in services.catalogue.subjects() if subject.startswith(prefix)])


async def versions(services: Services, call: Call) -> Response:
    """Answer the version numbers of a subject."""
    return registry_success([found.version for found in _history(services, call)])


async def version(services: Services, call: Call) -> Response:
    """Answer one version of a subject."""
    return registry_success(_registered(_version(services, call)))


async def version_text(services: Services, call: Call) -> Response:
    """Answer one version's schema alone."""
    return registry_success(json.loads(_version(services, call).text))


async def look_up(services: Services, call: Call) -> Response:
    """Answer the version under which a schema is registered."""
    history = _history(services, call)
    found = _same(history, call.body)
    if found is None:
        raise RegistryProtocolError(404, _SCHEMA_UNKNOWN, "Schema not found")
    return registry_success(_registered(found))


async def register(services: Services, call: Call) -> Response:
    """Answer the id of a schema that is registered; refuse any other."""
    found = _same(services.catalogue.history(call.path.subject), call.body)
    if found is None:
        raise RegistryProtocolError(422, _READ_ONLY, "this registry is read-only: schemas are committed with the code")
    return registry_success({"id": found.id})


async def fixed(value: Any, _services: Services, _call: Call) -> Response:
    """Answer what never changes."""
    return registry_success(value)


def _by_id(services: Services, call: Call) -> SchemaVersion:
    found = services.catalogue.by_id.get(call.path.id)
    if found is None:
        raise RegistryProtocolError(404, _SCHEMA_UNKNOWN, f"Schema {call.path.id} not found")
    return found


def _history(services: Services, call: Call) -> list[SchemaVersion]:
    history = services.catalogue.history(call.path.subject)
    if not history:
        raise RegistryProtocolError(404, _SUBJECT_UNKNOWN, "Subject not found")
    return history


def _version(services: Services, call: Call) -> SchemaVersion:
    history, wanted = _history(services, call), call.path.version
    if wanted in {"latest", "-1"}:
        return history[-1]
    if not (wanted.isascii() and wanted.isdigit() and int(wanted) > 0):
        raise RegistryProtocolError(422, _VERSION_INVALID, "expected a version number above 0, or latest")
    for found in history:
        if found.version == int(wanted):
            return found
    raise RegistryProtocolError(404, _VERSION_UNKNOWN, f"Version {int(wanted)} not found")


def _registered(found: SchemaVersion) -> dict[str, Any]:
    return {"subject": found.subject, "version": found.version, "id": found.id, "schemaType": "AVRO", "schema": found.text}


def _same(history: list[SchemaVersion], body: SchemaBody) -> SchemaVersion | None:
    try:
        given = json.loads(body.schema_text)
    except ValueError:
        return None
    return next((found for found in history if found.schema == given), None)


def _operation(name: str, path: str, summary: str, **declared: Any) -> Operation:
    """Return an operation in the registry's own language."""
    common = {"tag": "schemas", "query": None, "media": MEDIA, "error_media": MEDIA, "error_answer": answers.RegistryError}
    return Operation(name=name, path=path, summary=summary, **{**common, **declared})


OPERATIONS = (
    _operation("getSchemaTypes", "/schemas/types", "Types of schemas", handler=partial(fixed, ["AVRO"]), answer=answers.Names),
    _operation(
        "getSchema",
        "/schemas/ids/{id}",
        "The schema of an id",
        handler=schema_by_id,
        path_model=IdPath,
        answer=answers.SchemaText,
        errors=(404,),
    ),
    _operation(
        "getSchemaVersions",
        "/schemas/ids/{id}/versions",
        "Where the schema of an id is registered",
        handler=versions_by_id,
        path_model=IdPath,
        answer=answers.SubjectVersions,
        errors=(404,),
    ),
    _operation(
        "getSchemaSubjects",
        "/schemas/ids/{id}/subjects",
        "The subjects of an id",
        handler=subjects_by_id,
        path_model=IdPath,
        answer=answers.Names,
        errors=(404,),
    ),
    _operation("listSubjects", "/subjects", "All subjects", handler=subjects, answer=answers.Names),
    _operation(
        "lookUpSchema",
        "/subjects/{subject}",
        "The version under which a schema is registered",
        method="POST",
        handler=look_up,
        path_model=SubjectPath,
        body=SchemaBody,
        answer=answers.RegisteredSchema,
        errors=(404,),
    ),
    _operation(
        "listVersions",
        "/subjects/{subject}/versions",
        "The versions of a subject",
        handler=versions,
        path_model=SubjectPath,
        answer=answers.Numbers,
        errors=(404,),
    ),
    _operation(
        "registerSchema",
        "/subjects/{subject}/versions",
        "The id of a schema that is registered; another is refused",
        method="POST",
        handler=register,
        path_model=SubjectPath,
        body=SchemaBody,
        answer=answers.SchemaId,
    ),
    _operation(
        "getVersion",
        "/subjects/{subject}/versions/{version}",
        "One version of a subject",
        handler=version,
        path_model=VersionPath,
        answer=answers.RegisteredSchema,
        errors=(404,),
    ),
    _operation(
        "getVersionText",
        "/subjects/{subject}/versions/{version}/schema",
        "The schema of a version, alone",
        handler=version_text,
        path_model=VersionPath,
        answer=answers.AvroSchema,
        errors=(404,),
    ),
    _operation(
        "getCompatibility",
        "/config",
        "What a new version must be compatible with",
        handler=partial(fixed, {"compatibilityLevel": _COMPATIBILITY}),
        answer=answers.Compatibility,
    ),
    _operation(
        "getMode", "/mode", "Whether schemas can be registered", handler=partial(fixed, {"mode": _MODE}), answer=answers.Mode
    ),
)

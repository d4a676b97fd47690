"""Speaks to any schema registry that has Confluent's HTTP interface: registers the catalogue, and learns the ids it gives.

Subjects are record names, so an event's schema has one id whichever topic it is in.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from schemas.registry import Catalogue

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
COMPATIBILITY = "FULL_TRANSITIVE"
_LARGEST_ANSWER = 16 * 1024 * 1024
_QUOTED = 200


class RegistryError(Exception):
    """The registry could not be asked, or did not do what it was asked for.

    RegistryError
    ├── RegistryUnavailableError   no answer, or the answer of a server in trouble: try again later
    └── RegistryRefusedError       a clear no, with the registry's own code
        └── IncompatibleSchemaError
    """


class RegistryUnavailableError(RegistryError):
    """No answer came in time, or none that can be understood."""


class RegistryRefusedError(RegistryError):
    """The registry answered, and refused."""

    def __init__(self, message: str, status: int, code: int | None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class IncompatibleSchemaError(RegistryRefusedError):
    """The registry holds a version of the subject that the schema is not compatible with."""


class RegistryClient:
    """One registry. Every call opens a connection of its own; nothing is cached, nothing retried."""

    def __init__(self, url: str, timeout_s: float = 10.0, headers: Mapping[str, str] | None = None) -> None:
        """``headers`` go with every request (for example an Authorization); ValueError for a URL that is not HTTP."""
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise ValueError(f"expected a registry URL such as http://host:8080/apis/ccompat/v7, found {url!r}")
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._headers = {"Accept": CONTENT_TYPE, "Content-Type": CONTENT_TYPE, **(headers or {})}
        # No proxy from the environment: settings say where the registry is.
        self._opener: OpenerDirector = build_opener(ProxyHandler({}))

    def subjects(self) -> list[str]:
        """Return the names of all subjects."""
        return [str(subject) for subject in self._call("GET", "/subjects")]

    def versions(self, subject: str) -> list[int]:
        """Return the version numbers of a subject; empty where the registry does not know it."""
        found = self._find("GET", f"/subjects/{_segment(subject)}/versions")
        return [int(number) for number in found or ()]

    def schema(self, schema_id: int) -> Mapping[str, Any]:
        """Return the schema of an id, as parsed JSON; RegistryRefusedError where there is none."""
        answer = self._call("GET", f"/schemas/ids/{schema_id}")
        schema: Mapping[str, Any] = _parsed(_member(answer, "schema", str), f"schema {schema_id}")
        return schema

    def register(self, subject: str, schema: str) -> int:
        """Register a schema unless it is there already, return its id; IncompatibleSchemaError where history forbids it."""
        answer = self._call("POST", f"/subjects/{_segment(subject)}/versions", {"schema": schema})
        return int(_member(answer, "id", int))

    def find_id(self, subject: str, schema: str) -> int | None:
        """Return the id that a subject's schema has, None where it is not registered; nothing is written."""
        answer = self._find("POST", f"/subjects/{_segment(subject)}", {"schema": schema})
        return None if answer is None else int(_member(answer, "id", int))

    def compatibility(self, subject: str) -> str:
        """Return the level that a subject is held to: its own, or else the registry's."""
        answer = self._find("GET", f"/config/{_segment(subject)}") or self._call("GET", "/config")
        return str(_member(answer, "compatibilityLevel", str))

    def set_compatibility(self, subject: str, level: str = COMPATIBILITY) -> None:
        """Hold a subject to a compatibility level from now on."""
        self._call("PUT", f"/config/{_segment(subject)}", {"compatibility": level})

    def is_compatible(self, subject: str, schema: str) -> bool:
        """Return whether a schema could be registered as the subject's next version, as the registry sees it."""
        answer = self._find("POST", f"/compatibility/subjects/{_segment(subject)}/versions", {"schema": schema})
        return True if answer is None else bool(_member(answer, "is_compatible", bool))

    def _find(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Call, and return None where the registry says that it knows no such thing."""
        try:
            return self._call(method, path, body)
        except RegistryRefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self._url}{path}", data, self._headers, method=method)  # noqa: S310  # the constructor checked the scheme
        name = f"{method} {self._url}{path}"
        try:
            with self._opener.open(request, timeout=self._timeout_s) as response:
                return _parsed(response.read(_LARGEST_ANSWER), name)
        except HTTPError as error:
            with error:
                raise _refusal(name, error) from error
        except (OSError, HTTPException) as error:
            raise RegistryUnavailableError(f"{name}: expected an answer within {self._timeout_s} s, found {error}") from error


def register_catalogue(client: RegistryClient, catalogue: Catalogue) -> Catalogue:
    """Register every version of every subject, oldest first, held to FULL_TRANSITIVE; return the catalogue with the ids given.

    Can be repeated: what is registered already keeps its id.
    """
    ids: dict[tuple[str, int], int] = {}
    for subject in catalogue.subjects():
        for version in catalogue.history(subject):
            ids[version.type, version.version] = client.register(subject, version.text)
            if client.compatibility(subject) != COMPATIBILITY:
                client.set_compatibility(subject)  # a registry may not know a subject before its first schema
    return catalogue.with_ids(ids)


def registered_catalogue(client: RegistryClient, catalogue: Catalogue) -> Catalogue:
    """Return the catalogue with the ids that the registry has for it, nothing written; RegistryError where a version is missing."""
    ids: dict[tuple[str, int], int] = {}
    for version in catalogue.versions:
        found = client.find_id(version.subject, version.text)
        if found is None:
            raise RegistryError(f"expected {version.subject} version {version.version} in the registry, found no such schema")
        ids[version.type, version.version] = found
    return catalogue.with_ids(ids)


def _segment(name: str) -> str:
    return quote(name, safe="")


def _refusal(name: str, error: HTTPError) -> RegistryError:
    text = error.read(_LARGEST_ANSWER).decode("utf-8", "replace")
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    told = content if isinstance(content, dict) else {}
    code = told.get("error_code")
    message = f"{name}: expected success, found {error.code}: {told.get('message', text[:_QUOTED])}"
    if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR or error.code == HTTPStatus.TOO_MANY_REQUESTS:
        return RegistryUnavailableError(message)
    refused = IncompatibleSchemaError if error.code == HTTPStatus.CONFLICT else RegistryRefusedError
    return refused(message, error.code, code if isinstance(code, int) else None)


def _parsed(text: str | bytes, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise RegistryUnavailableError(f"{name}: expected JSON, found {text[:_QUOTED]!r}") from error


def _member(answer: Any, name: str, kind: type) -> Any:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, kind):
        raise RegistryUnavailableError(f"expected an answer with {name}, found {str(answer)[:_QUOTED]}")
    return value

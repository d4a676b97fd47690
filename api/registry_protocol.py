"""How a schema registry speaks: its media type, and its own shape of an error."""

from collections.abc import Mapping

from starlette.responses import Response

from api.envelope import dump
from api.errors import ApiError

MEDIA = "application/vnd.schemaregistry.v1+json"
_ROOTS = frozenset({"schemas", "subjects", "config", "mode"})


class RegistryProtocolError(ApiError):
    """What a registry refuses, with the registry's own number for it."""

    def __init__(self, status: int, error_code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code


class RegistryResponse(Response):
    """A response in the registry's media type."""

    media_type = MEDIA


def registry_success(value: object) -> Response:
    """Return a value as a registry answers it: without an envelope."""
    return RegistryResponse(dump(value))


def registry_failure(status: int, error_code: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error as a registry answers it."""
    return RegistryResponse(dump({"error_code": error_code, "message": message}), status, headers)


def is_registry_path(path: str) -> bool:
    """Return whether a path belongs to the registry, whose clients expect its own errors."""
    return not _ROOTS.isdisjoint(path.split("/", 2)[1:2])

"""A refusal in the shape that the client of a path expects: the error envelope, or the schema registry's own."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response
from starlette.types import Scope

from api.envelope import failure
from api.registry_protocol import is_registry_path, registry_failure
from api.scope import TRACE_KEY


def refusal(
    scope: Scope,
    status: int,
    code: str,
    message: str,
    details: Sequence[Any] = (),
    headers: Mapping[str, str] | None = None,
    registry_code: int | None = None,
) -> Response:
    """Return the refusal; ``registry_code`` is the registry's number for it, where it has one."""
    if is_registry_path(scope["path"]):
        return registry_failure(status, registry_code or status, message, headers)
    return failure(status, code, message, scope[TRACE_KEY], details, headers)

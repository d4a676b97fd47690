import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, TextIO

import orjson
import structlog
from opentelemetry import trace
from pydantic import SecretBytes, SecretStr

REDACTED = "[redacted]"
_SECRET_WORDS = frozenset(
    {"password", "passwd", "passphrase", "pwd", "secret", "secrets", "token", "tokens", "pin", "pins"}
    | {"authorization", "cookie", "cookies", "credential", "credentials", "apikey", "privatekey"}
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")
_PASSWORD_IN_DSN = re.compile(r"(?i)\b(password|token|secret)=[^\s&;,'\"]+")
_DEEPEST = 8

Event = MutableMapping[str, Any]


def configure_logging(service: str, *, level: str = "INFO", json: bool = True, stream: TextIO | None = None) -> None:
    """Send all logs of the process, our own and the libraries', to stderr: one JSON object a line, or text for people.

    A line has timestamp, level, service, traceId, message and what the caller bound, with secrets replaced.
    """

    def name_service(_logger: object, _method: str, event: Event) -> Event:
        return {"service": service, **event}

    steps: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _stamp,
        name_service,
        redact,
    ]
    renderer = (
        [_render] if json else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=steps, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer]
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    structlog.configure(
        processors=[*steps, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def redact(_logger: object, _method: str, event: Event) -> Event:
    """Replace values whose key names a secret, secret values under any key, and passwords inside texts."""
    return {key: _redacted(key, value, _DEEPEST) for key, value in event.items()}


def _redacted(key: str, value: Any, depth: int) -> Any:
    if _names_secret(key) or isinstance(value, SecretStr | SecretBytes):
        return REDACTED
    if isinstance(value, str):
        return _PASSWORD_IN_DSN.sub(rf"\1={REDACTED}", _PASSWORD_IN_URL.sub(rf"\1:{REDACTED}@", value))
    if depth == 0 and isinstance(value, Mapping | list | tuple | set | frozenset):
        return REDACTED  # deeper than anybody logs on purpose; better unseen than unchecked
    if isinstance(value, Mapping):
        return {str(name): _redacted(str(name), inner, depth - 1) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted("", inner, depth - 1) for inner in value]
    return value


def _names_secret(key: str) -> bool:
    """Whether a key such as `pin_hash`, `accessToken` or `X-API-Key` names a secret; `pinned` and `tokenizer` do not."""
    words = [word.lower() for word in _WORD.findall(key)]
    pairs = {first + second for first, second in pairwise(words)}
    return not _SECRET_WORDS.isdisjoint(words) or not _SECRET_WORDS.isdisjoint(pairs)


def _stamp(_logger: object, method: str, event: Event) -> Event:
    """Time, level and trace, first in the line."""
    span = trace.get_current_span().get_span_context()
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record = event.get("_record")
    level = record.levelname if record is not None else method.upper()
    trace_id = f"{span.trace_id:032x}" if span.is_valid else event.pop("traceId", None)
    return {"timestamp": now, "level": level, "traceId": trace_id, **event}


def _render(_logger: object, _method: str, event: Event) -> str:
    """Write the line, with the fields that every line has first."""
    line = {
        "timestamp": event.pop("timestamp"),
        "level": event.pop("level"),
        "service": event.pop("service"),
        "traceId": event.pop("traceId"),
        "message": event.pop("event"),
        **event,
    }
    return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY).decode()

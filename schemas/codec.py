"""Events to bytes and back: Confluent prefix (0x00, schema id as 4 bytes big-endian), then schemaless Avro.

The parsed schema of each id is cached, and time stays an integer of microseconds: both are what makes this fast.
Records of an older schema come out in the form of today (``schemas.upcasting``).
"""

import io
import struct
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import fastavro
from pydantic import ValidationError

from schemas.events.base import Event
from schemas.registry import Catalogue, SchemaVersion
from schemas.upcasting import STEPS, Step, Upgrade, upgrades

_PREFIX = struct.Struct(">bI")
PREFIX_BYTES = _PREFIX.size


class CodecError(ValueError):
    """What came in cannot be read.

    CodecError
    ├── UndecodableError      not our framing, or bytes that the schema does not fit
    ├── UnknownSchemaError    a schema id that the catalogue does not hold
    └── InvalidEventError     decodes, but breaks a rule of the event
    """

    code = "undecodable"


class UndecodableError(CodecError):
    """The bytes are not framed as ours are, or the schema does not fit them."""


class UnknownSchemaError(CodecError):
    """The schema id is not in the catalogue."""

    code = "unknown_schema"


class InvalidEventError(CodecError):
    """The record decodes, and its values break a rule of the event."""

    code = "bad_value"


class Codec:
    """Encodes with the newest schema of each event, decodes with the one each record names, and brings it up to date."""

    def __init__(self, catalogue: Catalogue, steps: Sequence[Step] = STEPS) -> None:
        self.catalogue = catalogue
        self._writers = {t: (_PREFIX.pack(0, v.id), _parsed(v.schema)) for t, v in catalogue.current.items()}
        old = upgrades(catalogue, steps)
        self._readers: dict[int, tuple[str, Any, Upgrade | None]] = {
            v.id: (v.type, _parsed(v.schema), old.get(v.id)) for v in catalogue.versions
        }

    def schema_id(self, event_type: str) -> int:
        """Return the schema id that new events of a type are written with."""
        return self.catalogue.current[event_type].id

    def encode(self, event: Event) -> bytes:
        """Return an event's bytes."""
        return self.encode_record(event.TYPE, event.model_dump())

    def encode_record(self, event_type: str, record: Mapping[str, Any]) -> bytes:
        """Return the bytes of a record that is known to be a valid event of its type."""
        prefix, schema = self._writers[event_type]
        out = io.BytesIO()
        out.write(prefix)
        fastavro.schemaless_writer(out, schema, record)
        return out.getvalue()

    def decode_record(self, data: bytes | None) -> tuple[str, dict[str, Any]]:
        """Return an event's type and its fields as plain values, rules not checked; CodecError where it cannot be read.

        The type and the fields are today's, whatever version the record was written with.
        """
        if data is None or len(data) < PREFIX_BYTES:
            raise UndecodableError(f"expected at least {PREFIX_BYTES} bytes, found {'none' if data is None else len(data)}")
        magic, schema_id = _PREFIX.unpack_from(data)
        if magic != 0:
            raise UndecodableError(f"expected the leading byte 0x00, found {data[0]:#04x}")
        reader = self._readers.get(schema_id)
        if reader is None:
            raise UnknownSchemaError(
                f"expected one of the schema ids {min(self._readers)} to {max(self._readers)}, found {schema_id}"
            )
        record = _read(reader[1], data, PREFIX_BYTES, f"{reader[0]} of schema {schema_id}")
        upgrade = reader[2]
        return (reader[0], record) if upgrade is None else (upgrade.type, upgrade(record))

    def decode(self, data: bytes | None) -> Event:
        """Return the event, every rule checked; CodecError otherwise."""
        event_type, record = self.decode_record(data)
        return self.validated(event_type, record)

    def validated(self, event_type: str, record: Mapping[str, Any]) -> Event:
        """Return a decoded record as its event; InvalidEventError where it breaks a rule."""
        try:
            return self.catalogue.events[event_type].model_validate(record)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "event"
            raise InvalidEventError(f"{event_type}, {place}: {first['msg']}, found {str(first['input'])[:80]}") from error


def decode_as_written(version: SchemaVersion, body: bytes) -> dict[str, Any]:
    """Return what bytes without a prefix say in the schema that wrote them, not brought up to date; CodecError otherwise."""
    return _read(_parsed(version.schema), body, 0, f"{version.type} version {version.version}")


def _read(schema: Any, data: bytes, start: int, name: str) -> dict[str, Any]:
    body = io.BytesIO(data)
    body.seek(start)
    try:
        record: Any = fastavro.schemaless_reader(body, schema, None)
    except (EOFError, ValueError, IndexError, StopIteration, TypeError, OverflowError, struct.error) as error:
        raise UndecodableError(f"expected a {name}: {type(error).__name__} {error}") from error
    if body.tell() != len(data):
        raise UndecodableError(f"expected {body.tell()} bytes for a {name}, found {len(data)}")
    return record  # type: ignore[no-any-return]  # a record's schema gives a dict


def _parsed(schema: Mapping[str, Any]) -> Any:
    """Parse without logical types: microseconds stay integers, which halves the cost of decoding."""
    return fastavro.parse_schema(_without_logical_types(deepcopy(dict(schema))), named_schemas={})


def _without_logical_types(part: Any) -> Any:
    if isinstance(part, dict):
        part.pop("logicalType", None)
        return {key: _without_logical_types(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_without_logical_types(value) for value in part]
    return part

"""The decoder that every peer of the transport benchmark uses: fastavro, the Confluent prefix skipped. Needs only fastavro."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastavro

PREFIX_BYTES = 5


def tick_decoder() -> Callable[[bytes], Any]:
    """Return a function from a record's value to a tick as a dict."""
    path = Path(__file__).parents[2] / "schemas" / "avro" / "market.tick.v1.avsc"
    schema = json.loads(path.read_text())
    for field in schema["fields"]:
        if isinstance(field["type"], dict) and "logicalType" in field["type"]:
            field["type"] = field["type"]["type"]
    parsed = fastavro.parse_schema(schema)
    read = fastavro.schemaless_reader

    def decode(value: bytes) -> Any:
        body = io.BytesIO(value)
        body.seek(PREFIX_BYTES)
        return read(body, parsed, None)

    return decode

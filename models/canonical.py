"""JSON with one spelling only, so that equal content has equal bytes and an equal hash."""

import hashlib
import json


def canonical_json(value: object) -> str:
    """Return JSON with sorted keys, two spaces and a newline at the end; ValueError for NaN and infinities."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes in hex."""
    return hashlib.sha256(data).hexdigest()

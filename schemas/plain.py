"""Decoded records as JSON that any tool reads: for golden samples, examples and people."""

import math
from typing import Any


def plain(value: Any) -> Any:
    """Return a decoded value as JSON can say it: NaN and infinities as text, bytes as ``{"hex": …}``, tuples as lists."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value

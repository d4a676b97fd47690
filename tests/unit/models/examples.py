"""Feature events for tests."""

import math
from typing import Any

from schemas.events.signals import FeaturesComputed, FeatureVector
from schemas.features import FEATURE_NAMES, FEATURE_SET

DECIDED_AT = 10**16  # later than any training in these tests


def features(**changes: Any) -> FeaturesComputed:
    """Return the features of a bar; raw and normalised values may be changed by name in ``raw`` and ``normalised``."""
    raw = dict.fromkeys(FEATURE_NAMES, 0.01) | {"rsi_14": 28.4, "macd": 1.5, "atr_14": 2.0} | changes.pop("raw", {})
    normalised = {name: math.sin(place) for place, name in enumerate(FEATURE_NAMES)} | changes.pop("normalised", {})
    fields: dict[str, Any] = {
        "id": "features-1",
        "symbol": "S",
        "interval": "1m",
        "start": DECIDED_AT - 60_000_000,
        "as_of": DECIDED_AT,
        "available_at": DECIDED_AT + 2_000_000,
        "bar_id": "bar-1",
        "source": "test",
        "price": 100.0,
        "volume": 10.0,
        "feature_set": FEATURE_SET,
        "bars_seen": 100,
        "raw": FeatureVector(**raw),
        "normalised": FeatureVector(**normalised),
    }
    return FeaturesComputed(**{**fields, **changes})

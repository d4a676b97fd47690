"""Ids of derived events: the same input gives the same id, on any machine, at any time."""

import uuid

_NAMESPACE = uuid.UUID("6f0d7c1e-8f0b-5f6e-9a55-3c1f2b7f9f10")


def derived_id(event_type: str, *parts: str | int) -> str:
    """Return the uuid5 of an event type and what identifies the event within it."""
    return str(uuid.uuid5(_NAMESPACE, "|".join([event_type, *map(str, parts)])))

"""Every public event, and the catalogue of every schema version ever committed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from schemas.events.base import Event
from schemas.events.market import BarClosed, ClockAdvanced, CorporateAction, NewsPublished, SocialPostPublished, Tick
from schemas.events.operations import DeadLetter
from schemas.events.recommendations import RecommendationMade
from schemas.events.signals import FeaturesComputed

EVENTS: tuple[type[Event], ...] = (
    Tick,
    ClockAdvanced,
    BarClosed,
    CorporateAction,
    NewsPublished,
    SocialPostPublished,
    FeaturesComputed,
    RecommendationMade,
    DeadLetter,
)
"""Order is the order of schema ids where no registry gives them: append only."""

EVENT_BY_TYPE: Mapping[str, type[Event]] = {event.TYPE: event for event in EVENTS}


@dataclass(frozen=True)
class SchemaVersion:
    """One committed schema: the id on the wire, the event it is of, and its text."""

    id: int
    type: str
    version: int
    schema: Mapping[str, Any]

    @property
    def subject(self) -> str:
        """Return the subject in a Confluent-compatible registry (record name strategy)."""
        return f"{self.schema['namespace']}.{self.schema['name']}"

    @cached_property
    def text(self) -> str:
        """Return the schema as compact JSON, as a registry stores it."""
        return json.dumps(self.schema, separators=(",", ":"))


class Catalogue:
    """Schema versions by id. The embedded registry is this, served read-only; a server's ids are put in its place."""

    def __init__(self, versions: tuple[SchemaVersion, ...], events: Mapping[str, type[Event]] = EVENT_BY_TYPE) -> None:
        self.versions = versions
        self.events = events
        self.by_id: Mapping[int, SchemaVersion] = {version.id: version for version in versions}
        self.current: Mapping[str, SchemaVersion] = {
            version.type: version
            for version in versions
            if version.type in events and version.version == events[version.type].VERSION  # a replaced event has no current version
        }

    def subjects(self) -> list[str]:
        """Return the subjects in the order of their first id."""
        return list(dict.fromkeys(version.subject for version in self.versions))

    def history(self, subject: str) -> list[SchemaVersion]:
        """Return all versions of a subject, oldest first; empty where it is unknown."""
        return sorted((v for v in self.versions if v.subject == subject), key=lambda v: v.version)

    def with_ids(self, ids: Mapping[tuple[str, int], int]) -> "Catalogue":
        """Return the catalogue with the ids that a registry gave, by (event type, version); ValueError where one is missing."""
        if missing := [f"{v.type} version {v.version}" for v in self.versions if (v.type, v.version) not in ids]:
            raise ValueError(f"expected an id for every schema version, found none for {', '.join(missing)}")
        numbered = tuple(SchemaVersion(ids[v.type, v.version], v.type, v.version, v.schema) for v in self.versions)
        return Catalogue(numbered, self.events)


def committed_catalogue() -> Catalogue:
    """Read the committed schema files."""
    return read_catalogue(files("schemas") / "avro", EVENT_BY_TYPE)


def read_catalogue(folder: Traversable, events: Mapping[str, type[Event]]) -> Catalogue:
    """Read a folder of schema files and the ``catalogue.json`` that lists them."""
    rows = json.loads((folder / "catalogue.json").read_text("utf-8"))
    versions = (
        SchemaVersion(row["id"], row["type"], row["version"], json.loads((folder / row["file"]).read_text("utf-8"))) for row in rows
    )
    return Catalogue(tuple(versions), events)

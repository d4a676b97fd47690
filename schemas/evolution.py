"""The committed schema history: writing new versions, and finding out whether what was committed still stands.

Beside each version's schema file (``avro/``) stands a golden sample of it (``golden/``): bytes that this version once wrote,
and what they must decode to for ever. The catalogue holds the SHA-256 of both, so that a committed file cannot change unseen.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from schemas.avro_schema import avro_schema
from schemas.codec import PREFIX_BYTES, Codec, CodecError, decode_as_written
from schemas.events.base import Event
from schemas.plain import plain
from schemas.registry import EVENTS, Catalogue, SchemaVersion
from schemas.samples import samples

CATALOGUE_FILE = "catalogue.json"


@dataclass(frozen=True)
class GoldenSample:
    """What one schema version once wrote, without the prefix, and what it decodes to (as ``schemas.plain`` says it)."""

    body: bytes
    record: Mapping[str, Any]

    def text(self) -> str:
        """Return the file that holds the sample."""
        return json.dumps({"body": self.body.hex(), "record": self.record}, indent=1, ensure_ascii=False) + "\n"


def file_name(event: type[Event]) -> str:
    """Return the name of the file that holds the current schema of an event."""
    return f"{event.TYPE}.v{event.VERSION}.avsc"


def golden_path(folder: Path, schema_file: str) -> Path:
    """Return where the golden sample of a schema file lies; ``folder`` is the folder of the schema files."""
    return folder.parent / "golden" / f"{schema_file.removesuffix('.avsc')}.json"


def schema_text(event: type[Event]) -> str:
    """Return the schema file of an event as it has to be committed."""
    return json.dumps(avro_schema(event), indent=2) + "\n"


def out_of_step(folder: Path, events: tuple[type[Event], ...] = EVENTS) -> list[str]:
    """Return the names of schema files that are missing or say something else than the events' models; documentation aside."""
    return [
        file_name(event)
        for event in events
        if not (path := folder / file_name(event)).exists()
        or _without_docs(json.loads(path.read_text("utf-8"))) != _without_docs(avro_schema(event))
    ]


def changed_files(folder: Path) -> list[str]:
    """Return what differs from the catalogue: files that changed or are gone since they were committed, and unlisted ones."""
    rows = json.loads((folder / CATALOGUE_FILE).read_text("utf-8"))
    found = []
    for row in rows:
        for path, expected in ((folder / row["file"], row["sha256"]), (golden_path(folder, row["file"]), row["golden_sha256"])):
            if not path.exists():
                found.append(f"{path.name}: expected the file that was committed, found none")
            elif (actual := _sha256(path.read_text("utf-8"))) != expected:
                found.append(f"{path.name}: expected the SHA-256 {expected[:12]}… that was committed, found {actual[:12]}…")
    listed = {row["file"] for row in rows}
    found += [f"{path.name}: expected to find it in the catalogue" for path in folder.glob("*.avsc") if path.name not in listed]
    if [row["id"] for row in rows] != list(range(1, len(rows) + 1)):
        found.append(f"{CATALOGUE_FILE}: expected ids that count up from 1, found {[row['id'] for row in rows]}")
    return found


def golden_problems(codec: Codec, golden: Mapping[int, GoldenSample]) -> list[str]:
    """Return which samples (by schema id) no longer decode as they did, or are no valid event of today once brought up to date."""
    found = []
    for version in codec.catalogue.versions:
        name = f"{version.type} version {version.version}"
        sample = golden.get(version.id)
        if sample is None:
            found.append(f"{name}: expected a golden sample, found none")
            continue
        try:
            as_written = decode_as_written(version, sample.body)
            codec.decode(b"\x00" + version.id.to_bytes(4, "big") + sample.body)
        except CodecError as error:
            found.append(f"{name}: expected its golden sample to decode, found {error}")
            continue
        if plain(as_written) != sample.record:
            found.append(f"{name}: expected its golden sample to decode to {sample.record}, found {plain(as_written)}")
    return found


def read_golden(folder: Path) -> dict[int, GoldenSample]:
    """Return the committed golden samples by schema id; ``folder`` is the folder of the schema files."""
    found = {}
    for row in json.loads((folder / CATALOGUE_FILE).read_text("utf-8")):
        path = golden_path(folder, row["file"])
        if path.exists():
            content = json.loads(path.read_text("utf-8"))
            found[row["id"]] = GoldenSample(bytes.fromhex(content["body"]), content["record"])
    return found


def write_new_versions(folder: Path, examples: Sequence[Event] | None = None) -> list[str]:
    """Write schema and golden sample of each event version that has no file yet, append it to the catalogue, return the names.

    ``examples``: what the golden samples are written from, one of each event; ``schemas.samples`` where none are given.
    Committed files never change. Commit what this writes in the change that raises an event's ``VERSION``.
    """
    catalogue_path = folder / CATALOGUE_FILE
    rows = json.loads(catalogue_path.read_text("utf-8")) if catalogue_path.exists() else []
    written = []
    for example in samples() if examples is None else examples:
        event = type(example)
        path = folder / file_name(event)
        if path.exists():
            continue
        schema_id = len(rows) + 1
        text, golden = schema_text(event), _golden_text(schema_id, event, example)
        path.write_text(text, "utf-8")
        golden_path(folder, path.name).parent.mkdir(exist_ok=True)
        golden_path(folder, path.name).write_text(golden, "utf-8")
        row = {"id": schema_id, "type": event.TYPE, "version": event.VERSION, "file": path.name}
        rows.append({**row, "sha256": _sha256(text), "golden_sha256": _sha256(golden)})
        written.append(path.name)
    catalogue_path.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return written


def _golden_text(schema_id: int, event: type[Event], example: Event) -> str:
    version = SchemaVersion(schema_id, event.TYPE, event.VERSION, avro_schema(event))
    body = Codec(Catalogue((version,), {event.TYPE: event})).encode(example)[PREFIX_BYTES:]
    return GoldenSample(body, plain(example.model_dump())).text()


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _without_docs(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _without_docs(value) for key, value in part.items() if key != "doc"}
    return [_without_docs(value) for value in part] if isinstance(part, list) else part

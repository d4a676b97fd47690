"""Models at rest: a folder named by the SHA-256 of its manifest, which names the SHA-256 of every file. Nothing is pickled.

<root>/<id>/manifest.json    ``sha256sum manifest.json`` is the id
<root>/<id>/…                model text, calibration, report; exactly the files that the manifest names
<root>/current.json          which artefact serves which interval
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.canonical import canonical_json, sha256

FORMAT = 1
MANIFEST = "manifest.json"
CURRENT = "current.json"
_ID = re.compile(r"[0-9a-f]{64}")
_FILE_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z]+")


class ArtifactError(ValueError):
    """A stored model cannot be used.

    ArtifactError
    ├── ArtifactMissingError     no such artefact
    ├── ArtifactTamperedError    a file is not what the manifest says, or the manifest not what the id says
    └── ArtifactVersionError     written in a format that this version does not read
    """


class ArtifactMissingError(ArtifactError):
    """There is no such artefact."""


class ArtifactTamperedError(ArtifactError):
    """What is stored is not what its hash says."""


class ArtifactVersionError(ArtifactError):
    """The artefact is of a format that this version does not read."""


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Where an artefact is and what it is called."""

    id: str
    path: Path


@dataclass(frozen=True, slots=True)
class Artifact:
    """A verified artefact."""

    id: str
    manifest: Mapping[str, Any]
    files: Mapping[str, bytes]


def save(root: Path, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> ModelRef:
    """Store a model atomically and return its reference; the same content is the same artefact, stored once."""
    for name in files:
        if not _FILE_NAME.fullmatch(name) or name == MANIFEST:
            raise ArtifactError(f"expected a plain file name, found {name!r}")
    hashes = {name: sha256(content) for name, content in files.items()}
    text = canonical_json({**manifest, "format": FORMAT, "files": hashes}).encode()
    ref = ModelRef(sha256(text), root / sha256(text))
    if ref.path.exists():
        load(root, ref.id)
        return ref
    root.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=root))
    try:
        for name, content in {**files, MANIFEST: text}.items():
            _write(unfinished / name, content)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(ref.path)
        except OSError:
            if not ref.path.exists():  # else another process stored the same content meanwhile
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return ref


def load(root: Path, model_id: str) -> Artifact:
    """Return an artefact, every hash verified; an ArtifactError says what was expected and what was found."""
    if not _ID.fullmatch(model_id):
        raise ArtifactMissingError(f"expected an id of 64 hex digits, found {model_id[:80]!r}")
    folder = root / model_id
    text = _read(folder / MANIFEST)
    if sha256(text) != model_id:
        raise ArtifactTamperedError(f"expected a manifest of SHA-256 {model_id}, found {sha256(text)}")
    manifest = json.loads(text)
    if manifest.get("format") != FORMAT:
        raise ArtifactVersionError(f"expected an artefact of format {FORMAT}, found {manifest.get('format')}: {model_id}")
    stored = {path.name for path in folder.iterdir()} - {MANIFEST}
    if stored != set(manifest["files"]):
        raise ArtifactTamperedError(f"expected the files {sorted(manifest['files'])} in {model_id}, found {sorted(stored)}")
    files = {name: _read(folder / name) for name in sorted(stored)}
    for name, content in files.items():
        if sha256(content) != manifest["files"][name]:
            raise ArtifactTamperedError(f"expected {name} of SHA-256 {manifest['files'][name]}, found {sha256(content)}")
    return Artifact(model_id, manifest, files)


def list_artifacts(root: Path) -> list[str]:
    """Return the ids of all stored artefacts, in order; they are not verified."""
    return sorted(path.name for path in root.iterdir() if _ID.fullmatch(path.name)) if root.is_dir() else []


def current(root: Path) -> dict[str, str]:
    """Return which artefact serves which interval; empty where nothing was chosen yet."""
    path = root / CURRENT
    if not path.exists():
        return {}
    chosen = json.loads(path.read_bytes())
    if not isinstance(chosen, dict) or not all(isinstance(one, str) and _ID.fullmatch(one) for one in chosen.values()):
        raise ArtifactVersionError(f"expected intervals and ids in {CURRENT}, found {str(chosen)[:80]}")
    return chosen


def set_current(root: Path, interval: str, model_id: str) -> None:
    """Let an artefact, which is verified first, serve an interval; ArtifactError where it was trained on another."""
    trained_on = load(root, model_id).manifest.get("interval")
    if trained_on != interval:
        raise ArtifactError(f"expected a model of {interval} bars, found one of {trained_on}")
    handle, name = tempfile.mkstemp(prefix=".current-", dir=root)
    os.close(handle)
    _write(Path(name), canonical_json({**current(root), interval: model_id}).encode())
    Path(name).replace(root / CURRENT)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise ArtifactMissingError(f"expected a model at {path.parent.name}/{path.name}, found none") from error

"""The committed pages that are generated from the catalogues: written by ``autotrader schemas check --write``."""

from collections.abc import Mapping
from pathlib import Path

from schemas.access import access_document
from schemas.asyncapi import asyncapi_text
from schemas.registry import Catalogue


def documents(catalogue: Catalogue) -> Mapping[str, str]:
    """Return the text of each page by its file name."""
    return {"asyncapi.json": asyncapi_text(catalogue), "access.md": access_document()}


def stale_documents(folder: Path, catalogue: Catalogue) -> list[str]:
    """Return the names of pages in a folder that are missing or are not what would be generated now."""
    return [
        name
        for name, text in documents(catalogue).items()
        if not (path := folder / name).exists() or path.read_text("utf-8") != text
    ]


def write_documents(folder: Path, catalogue: Catalogue) -> list[str]:
    """Write the pages that are stale, return their names."""
    stale = stale_documents(folder, catalogue)
    for name in stale:
        (folder / name).write_text(documents(catalogue)[name], "utf-8")
    return stale

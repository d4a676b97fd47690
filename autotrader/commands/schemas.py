"""``autotrader schemas``: the contract on the wire, checked, registered and rendered."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autotrader.output import FAILED, OK, USAGE, clear_errors, fail, people, print_json

if TYPE_CHECKING:
    from schemas.registry import Catalogue
    from schemas.registry_client import RegistryClient

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The schemas of the events.")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Registry = Annotated[str | None, typer.Option(help="URL of a Confluent-compatible registry; else the setting registry.url.")]
Docs = Annotated[Path | None, typer.Option(help="Folder of the generated pages; else docs beside the source.", file_okay=False)]


@app.command(
    help="Check that the committed schemas are those of the events, that every version ever committed reads every other "
    "(FULL_TRANSITIVE), that old samples still decode, and that the generated pages are up to date. The exit code is 1 where "
    "something is wrong. With --registry, the registry is asked too.\n\nExample: autotrader schemas check --json"
)
def check(
    write: Annotated[
        bool, typer.Option("--write", help="Write new versions and stale pages first; committed files never change.")
    ] = False,
    docs: Docs = None,
    registry: Registry = None,
    as_json: AsJson = False,
) -> None:
    """Check the schemas."""
    from schemas.documents import write_documents  # noqa: PLC0415  # each command imports what it needs
    from schemas.evolution import write_new_versions  # noqa: PLC0415
    from schemas.registry import committed_catalogue  # noqa: PLC0415

    folder, pages = _folder(), _pages(docs)
    written: list[str] = []
    if write:
        written = write_new_versions(folder)
        written += [] if pages is None else write_documents(pages, committed_catalogue())
    problems = _problems(folder, pages)
    if registry is not None:
        problems += _registry_problems(registry)
    if as_json:
        print_json({"ok": not problems, "problems": problems, "written": written, "pages": None if pages is None else str(pages)})
    else:
        for line in (*(f"written: {name}" for name in written), *problems):
            people().out(line)
        people().out(f"{len(problems)} problems" if problems else "the schemas are in order")
    raise typer.Exit(FAILED if problems else OK)


@app.command(
    help="Register every version with a registry, oldest first, held to FULL_TRANSITIVE; can be repeated.\n\n"
    "Example: autotrader schemas register --registry http://127.0.0.1:8081/apis/ccompat/v7"
)
def register(registry: Registry = None, as_json: AsJson = False) -> None:
    """Register the schemas."""
    from schemas.registry import committed_catalogue  # noqa: PLC0415
    from schemas.registry_client import RegistryError, register_catalogue  # noqa: PLC0415

    with clear_errors(RegistryError, ValueError):
        registered = register_catalogue(_client(registry), committed_catalogue())
    rows = [{"subject": v.subject, "type": v.type, "version": v.version, "id": v.id} for v in registered.versions]
    if as_json:
        print_json({"registered": rows})
        return
    for row in rows:
        typer.echo(f"{row['id']:>6}  {row['subject']} version {row['version']}")


@app.command(help="Write the AsyncAPI 3 document of all topics.\n\nExample: autotrader schemas asyncapi --output asyncapi.json")
def asyncapi(
    output: Annotated[Path | None, typer.Option(help="The file; stdout where not given.", dir_okay=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The document is JSON: accepted for likeness.")] = False,  # noqa: ARG001
) -> None:
    """Write the AsyncAPI document."""
    from schemas.asyncapi import asyncapi_text  # noqa: PLC0415
    from schemas.registry import committed_catalogue  # noqa: PLC0415

    text = asyncapi_text(committed_catalogue())
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, "utf-8")


def _folder() -> Path:
    from importlib.resources import files  # noqa: PLC0415

    return Path(str(files("schemas") / "avro"))


def _pages(docs: Path | None) -> Path | None:
    """Return where the generated pages are; None for an installed package, which has none."""
    beside = _folder().parent.parent / "docs"
    return docs if docs is not None else beside if beside.is_dir() else None


def _problems(folder: Path, pages: Path | None) -> list[str]:
    from schemas.codec import Codec  # noqa: PLC0415
    from schemas.compatibility import catalogue_problems  # noqa: PLC0415
    from schemas.documents import stale_documents  # noqa: PLC0415
    from schemas.evolution import changed_files, golden_problems, out_of_step, read_golden  # noqa: PLC0415
    from schemas.registry import committed_catalogue  # noqa: PLC0415

    catalogue = committed_catalogue()
    stale = [] if pages is None else stale_documents(pages, catalogue)
    return [
        *(f"{name}: expected the schema of the event's model, found another: raise VERSION" for name in out_of_step(folder)),
        *changed_files(folder),
        *catalogue_problems(catalogue),
        *golden_problems(Codec(catalogue), read_golden(folder)),
        *(f"{name}: expected what is generated now, found a stale page: schemas check --write" for name in stale),
    ]


def _registry_problems(registry: str) -> list[str]:
    from schemas.registry import committed_catalogue  # noqa: PLC0415
    from schemas.registry_client import RegistryError  # noqa: PLC0415

    catalogue: Catalogue = committed_catalogue()
    with clear_errors(RegistryError, ValueError):
        client = _client(registry)
        return [
            f"{version.subject} version {version.version}: the registry refuses it"
            for version in catalogue.current.values()
            if not client.is_compatible(version.subject, version.text)
        ]


def _client(registry: str | None) -> "RegistryClient":
    from infra.settings import Settings  # noqa: PLC0415
    from schemas.registry_client import RegistryClient  # noqa: PLC0415

    url = registry or Settings.load().registry.url
    if url is None:
        fail("expected --registry URL, or AUTOTRADER_REGISTRY__URL, found neither", USAGE)
    return RegistryClient(url)

from pathlib import Path

from schemas.documents import documents, stale_documents, write_documents
from schemas.registry import committed_catalogue

DOCS = Path(__file__).parents[3] / "docs"


def test_the_committed_pages_are_what_would_be_generated_now() -> None:
    assert [] == stale_documents(DOCS, committed_catalogue()), "autotrader schemas check --write"


def test_a_page_that_is_stale_or_missing_is_named_and_written(tmp_path: Path) -> None:
    (tmp_path / "asyncapi.json").write_text("{}")
    expected = ["asyncapi.json", "access.md"]

    assert expected == stale_documents(tmp_path, committed_catalogue())
    assert expected == write_documents(tmp_path, committed_catalogue())
    assert [] == stale_documents(tmp_path, committed_catalogue())
    assert documents(committed_catalogue())["access.md"] == (tmp_path / "access.md").read_text("utf-8")

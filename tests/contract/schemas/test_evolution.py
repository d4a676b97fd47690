"""The committed schema history still stands: nothing changed, nothing out of step, everything compatible, everything decodes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from schemas.codec import Codec
from schemas.compatibility import catalogue_problems
from schemas.events.base import Event
from schemas.events.market import CorporateAction, Tick
from schemas.evolution import (
    changed_files,
    file_name,
    golden_path,
    golden_problems,
    out_of_step,
    read_golden,
    schema_text,
    write_new_versions,
)
from schemas.registry import EVENTS, Catalogue, SchemaVersion, committed_catalogue

COMMITTED = Path(__file__).parents[3] / "schemas" / "avro"


def test_every_schema_file_is_in_step_with_its_event() -> None:
    assert [] == out_of_step(COMMITTED), "raise the event's VERSION, then: autotrader schemas check --write"


def test_no_committed_file_changed() -> None:
    assert [] == changed_files(COMMITTED), "what was committed stays as it is: another schema is another version"


def test_every_version_is_compatible_with_every_other() -> None:
    assert [] == catalogue_problems(committed_catalogue())


def test_every_golden_sample_still_decodes() -> None:
    assert [] == golden_problems(Codec(committed_catalogue()), read_golden(COMMITTED))


# What follows plants the defects that the tests above are there for.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(COMMITTED.parent / "golden", tmp_path / "golden")
    return Path(shutil.copytree(COMMITTED, tmp_path / "avro"))


def edited(path: Path, edit: Callable[[Any], None]) -> None:
    content = json.loads(path.read_text("utf-8"))
    edit(content)
    path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def events_with(changed: type[Event]) -> tuple[type[Event], ...]:
    return tuple(changed if event.TYPE == changed.TYPE else event for event in EVENTS)


def test_a_model_that_changed_without_its_file_is_out_of_step() -> None:
    class Changed(CorporateAction):
        __doc__ = CorporateAction.__doc__
        note: str = ""

    assert ["market.action.v1.avsc"] == out_of_step(COMMITTED, events_with(Changed))


def test_an_event_without_a_file_is_out_of_step(folder: Path) -> None:
    (folder / file_name(Tick)).unlink()

    assert ["market.tick.v1.avsc"] == out_of_step(folder)


def test_better_words_are_no_new_version(folder: Path) -> None:
    edited(folder / file_name(Tick), lambda schema: schema.update(doc="said differently"))

    assert [] == out_of_step(folder)


def test_a_committed_file_that_changed_is_named(folder: Path) -> None:
    edited(folder / file_name(Tick), lambda schema: schema["fields"][1].update(type="float"))
    golden_path(folder, file_name(CorporateAction)).write_text("{}")

    names = [problem.partition(":")[0] for problem in changed_files(folder)]

    assert ["market.tick.v1.avsc", "market.action.v1.json"] == names


def test_a_committed_file_that_is_gone_is_named(folder: Path) -> None:
    (folder / file_name(Tick)).unlink()

    assert ["market.tick.v1.avsc: expected the file that was committed, found none"] == changed_files(folder)


def test_a_file_that_is_not_listed_is_named(folder: Path) -> None:
    shutil.copy(folder / file_name(Tick), folder / "market.tick.v9.avsc")

    assert ["market.tick.v9.avsc: expected to find it in the catalogue"] == changed_files(folder)


def test_ids_are_given_in_the_order_of_the_commits(folder: Path) -> None:
    edited(folder / "catalogue.json", lambda rows: rows.reverse())

    assert any("expected ids that count up from 1" in problem for problem in changed_files(folder))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda schema: schema["fields"][1].update(type="float"), "/price: expected float, found double"),
        (lambda schema: schema["fields"][1].update(name="amount"), "/amount: expected a default, found none"),
        (lambda schema: schema["fields"].pop(2), "/size: expected a default, found none"),
        (lambda schema: schema["fields"].append({"name": "venue", "type": "string"}), "/venue: expected a default, found none"),
    ],
)
def test_an_incompatible_version_is_named(edit: Callable[[Any], None], message: str) -> None:
    catalogue = committed_catalogue()
    schema = json.loads(catalogue.current[Tick.TYPE].text)
    edit(schema)

    problems = catalogue_problems(Catalogue((*catalogue.versions, SchemaVersion(10, Tick.TYPE, 2, schema))))

    assert any(problem.startswith("ai.autotrader.Tick version 2 against version 1") and message in problem for problem in problems)


def test_a_golden_sample_that_no_longer_decodes_is_named(folder: Path) -> None:
    golden = read_golden(folder)
    catalogue = committed_catalogue()
    schema = json.loads(catalogue.current[Tick.TYPE].text)
    schema["fields"].insert(0, schema["fields"].pop(5))  # the symbol first: other bytes
    broken = tuple(SchemaVersion(v.id, v.type, v.version, schema if v.type == Tick.TYPE else v.schema) for v in catalogue.versions)

    [problem] = golden_problems(Codec(Catalogue(broken)), golden)

    assert problem.startswith("market.tick version 1: expected its golden sample to decode")


def test_a_golden_sample_that_decodes_to_something_else_is_named(folder: Path) -> None:
    golden = read_golden(folder)
    catalogue = committed_catalogue()
    schema = json.loads(catalogue.current[Tick.TYPE].text)
    schema["fields"][1]["name"], schema["fields"][2]["name"] = "size", "price"  # the same bytes, another meaning
    broken = tuple(SchemaVersion(v.id, v.type, v.version, schema if v.type == Tick.TYPE else v.schema) for v in catalogue.versions)

    assert 1 == len(golden_problems(Codec(Catalogue(broken)), golden))


def test_a_version_without_a_golden_sample_is_named(folder: Path) -> None:
    golden_path(folder, file_name(Tick)).unlink()

    assert ["market.tick version 1: expected a golden sample, found none"] == golden_problems(
        Codec(committed_catalogue()), read_golden(folder)
    )


def test_a_sample_of_an_old_version_has_to_be_a_valid_event_of_today() -> None:
    """A rule that became stricter makes old events invalid: the history says so before a replay does."""

    class Stricter(CorporateAction):
        VERSION: ClassVar[int] = 1
        amount: float = 0.0

        def model_post_init(self, _context: object) -> None:
            if self.amount:
                raise ValueError("expected no amount")

    catalogue = Catalogue(committed_catalogue().versions, {event.TYPE: event for event in events_with(Stricter)})

    [problem] = golden_problems(Codec(catalogue), read_golden(COMMITTED))

    assert "market.action version 1" in problem
    assert "expected no amount" in problem


def test_nothing_is_written_where_nothing_is_new(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.parent.rglob("*.*")}

    assert [] == write_new_versions(folder)
    assert before == {path: path.read_bytes() for path in folder.parent.rglob("*.*")}


def test_a_new_version_is_written_with_its_sample_and_appended(tmp_path: Path) -> None:
    (tmp_path / "avro").mkdir()

    written = write_new_versions(tmp_path / "avro")

    assert [file_name(event) for event in EVENTS] == written
    assert [] == changed_files(tmp_path / "avro") + out_of_step(tmp_path / "avro")
    assert [] == golden_problems(Codec(committed_catalogue()), read_golden(tmp_path / "avro"))
    assert schema_text(Tick) == (tmp_path / "avro" / file_name(Tick)).read_text("utf-8")

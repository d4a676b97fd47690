"""What guards the schema history finds the defects it is there for. The events here are made up, and so is their history."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from schemas.codec import Codec
from schemas.compatibility import catalogue_problems
from schemas.events.base import Event
from schemas.evolution import changed_files, golden_path, golden_problems, out_of_step, read_golden, write_new_versions
from schemas.registry import Catalogue, read_catalogue


class MadeUp(Event):
    def key(self) -> bytes:
        return b""


class Sale(MadeUp):
    """A sale."""

    TYPE: ClassVar[str] = "made_up.sale"

    price: float
    size: float
    buyer: str


class Return(MadeUp):
    """Something came back."""

    TYPE: ClassVar[str] = "made_up.return"

    reason: str


SALE, RETURN = "made_up.sale.v1.avsc", "made_up.return.v1.avsc"
EXAMPLES = (Sale(price=1.5, size=2.5, buyer="é"), Return(reason="broken"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A history with one version of each event."""
    (tmp_path / "avro").mkdir()
    write_new_versions(tmp_path / "avro", EXAMPLES)
    return tmp_path / "avro"


def catalogue_of(folder: Path, *events: type[Event]) -> Catalogue:
    return read_catalogue(folder, {event.TYPE: event for event in events or (Sale, Return)})


def problems_of(folder: Path, *events: type[Event]) -> list[str]:
    return golden_problems(Codec(catalogue_of(folder, *events)), read_golden(folder))


def edited(path: Path, edit: Callable[[Any], object]) -> None:
    content = json.loads(path.read_text("utf-8"))
    edit(content)
    path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def second(**fields: Any) -> Any:
    """The sale, as somebody changed it: fields by name, ``None`` for one that is gone, (type, default) for one with a default."""
    kept = {"price": float, "size": float, "buyer": str, **fields}
    annotations = {name: kind[0] if isinstance(kind, tuple) else kind for name, kind in kept.items() if kind is not None}
    defaults = {name: kind[1] for name, kind in kept.items() if isinstance(kind, tuple)}
    common = {"__doc__": Sale.__doc__, "__annotations__": annotations, "TYPE": Sale.TYPE, "VERSION": 2}
    return type("Sale", (MadeUp,), {**common, **defaults})


def test_a_history_that_nobody_touched_is_fine(folder: Path) -> None:
    assert [] == out_of_step(folder, (Sale, Return)) + changed_files(folder) + problems_of(folder)
    assert [] == catalogue_problems(catalogue_of(folder))


def test_a_model_that_changed_without_its_file_is_out_of_step(folder: Path) -> None:
    changed = second(venue=(str, ""))
    changed.VERSION = 1

    assert [SALE] == out_of_step(folder, (changed, Return))


def test_an_event_without_a_file_is_out_of_step(folder: Path) -> None:
    assert ["made_up.sale.v2.avsc"] == out_of_step(folder, (second(venue=(str, "")), Return))


def test_better_words_are_no_new_version(folder: Path) -> None:
    edited(folder / SALE, lambda schema: schema.update(doc="said differently"))

    assert [] == out_of_step(folder, (Sale, Return))


def test_a_committed_file_that_changed_is_named(folder: Path) -> None:
    edited(folder / SALE, lambda schema: schema["fields"][1].update(type="float"))
    edited(golden_path(folder, RETURN), lambda sample: sample["record"].update(reason="another"))

    assert ["made_up.sale.v1.avsc", "made_up.return.v1.json"] == [problem.partition(":")[0] for problem in changed_files(folder)]


def test_a_committed_file_that_is_gone_is_named(folder: Path) -> None:
    (folder / SALE).unlink()

    assert [f"{SALE}: expected the file that was committed, found none"] == changed_files(folder)


def test_a_file_that_is_not_listed_is_named(folder: Path) -> None:
    (folder / "made_up.sale.v9.avsc").write_bytes((folder / SALE).read_bytes())

    assert ["made_up.sale.v9.avsc: expected to find it in the catalogue"] == changed_files(folder)


def test_ids_are_given_in_the_order_of_the_commits(folder: Path) -> None:
    edited(folder / "catalogue.json", lambda rows: rows.reverse())

    assert any("expected ids that count up from 1, found [2, 1]" in problem for problem in changed_files(folder))


@pytest.mark.parametrize(
    ("changed", "example", "message"),
    [
        (second(price=int), {"price": 1, "size": 2.5, "buyer": "b"}, "/price: expected long, found double"),
        (second(size=None), {"price": 1.5, "buyer": "b"}, "/size: expected a default, found none"),
        (second(venue=str), {"price": 1.5, "size": 2.5, "buyer": "b", "venue": "v"}, "/venue: expected a default, found none"),
        (second(buyer=None, customer=str), {"price": 1.5, "size": 2.5, "customer": "b"}, "/customer: expected a default"),
    ],
    ids=["retyped", "dropped", "added without a default", "renamed"],
)
def test_an_incompatible_version_is_named(folder: Path, changed: Any, example: dict[str, Any], message: str) -> None:
    write_new_versions(folder, [changed(**example)])

    found = catalogue_problems(catalogue_of(folder, changed, Return))

    assert any(problem.startswith("ai.autotrader.Sale version 2 against version 1") and message in problem for problem in found), (
        found
    )


def test_a_compatible_version_is_written_with_its_sample_and_reads_the_old_one(folder: Path) -> None:
    changed = second(venue=(str, "street"))

    assert ["made_up.sale.v2.avsc"] == write_new_versions(
        folder, [changed(price=1.5, size=2.5, buyer="b", venue="v"), *EXAMPLES[1:]]
    )

    assert [] == out_of_step(folder, (changed, Return)) + changed_files(folder) + problems_of(folder, changed, Return)
    assert [] == catalogue_problems(catalogue_of(folder, changed, Return))
    old = b"\x00\x00\x00\x00\x01" + read_golden(folder)[1].body
    assert changed(price=1.5, size=2.5, buyer="é", venue="street") == Codec(catalogue_of(folder, changed, Return)).decode(old)


def test_nothing_is_written_where_nothing_is_new(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.parent.rglob("*.*")}

    assert [] == write_new_versions(folder, EXAMPLES)
    assert before == {path: path.read_bytes() for path in folder.parent.rglob("*.*")}


def test_a_golden_sample_that_no_longer_decodes_is_named(folder: Path) -> None:
    edited(folder / SALE, lambda schema: schema["fields"].insert(0, schema["fields"].pop(2)))

    [problem] = problems_of(folder)

    assert problem.startswith("made_up.sale version 1: expected its golden sample to decode, found")


def test_a_golden_sample_that_decodes_to_something_else_is_named(folder: Path) -> None:
    def swap(schema: Any) -> None:
        schema["fields"][0]["name"], schema["fields"][1]["name"] = "size", "price"

    edited(folder / SALE, swap)

    [problem] = problems_of(folder)

    assert problem.startswith("made_up.sale version 1: expected its golden sample to decode to {'price': 1.5")


def test_a_version_without_a_golden_sample_is_named(folder: Path) -> None:
    golden_path(folder, SALE).unlink()

    assert ["made_up.sale version 1: expected a golden sample, found none"] == problems_of(folder)


def test_a_rule_that_old_events_break_is_named_before_a_replay_meets_it(folder: Path) -> None:
    class Strict(Sale):
        def model_post_init(self, _context: object) -> None:
            raise ValueError("expected another buyer")

    [problem] = problems_of(folder, Strict, Return)

    assert problem.startswith("made_up.sale version 1: expected its golden sample to decode")
    assert "expected another buyer" in problem

"""The committed schema history still stands: nothing changed, nothing out of step, everything compatible, everything decodes."""

from pathlib import Path

from schemas.codec import Codec
from schemas.compatibility import catalogue_problems
from schemas.evolution import changed_files, golden_problems, out_of_step, read_golden
from schemas.registry import committed_catalogue

COMMITTED = Path(__file__).parents[3] / "schemas" / "avro"


def test_every_schema_file_is_in_step_with_its_event() -> None:
    assert [] == out_of_step(COMMITTED), "raise the event's VERSION, then: autotrader schemas check --write"


def test_no_committed_file_changed() -> None:
    assert [] == changed_files(COMMITTED), "what was committed stays as it is: another schema is another version"


def test_every_version_is_compatible_with_every_other() -> None:
    assert [] == catalogue_problems(committed_catalogue())


def test_every_golden_sample_still_decodes() -> None:
    assert [] == golden_problems(Codec(committed_catalogue()), read_golden(COMMITTED))

import subprocess
from pathlib import Path

import pytest

from tests.contract.plugins.child import IN_TWO_PROCESSES, plugins, run_module

SKIPPED = """
import pytest

@pytest.mark.skip(reason="no server here")
def test_skipped() -> None:
    pass
"""
IN_A_FIXTURE = """
import pytest

@pytest.fixture
def server() -> None:
    pytest.skip("no server here")

def test_skipped(server) -> None:
    pass
"""
WHOLE_MODULE = """
import pytest

pytest.skip("no server here", allow_module_level=True)
"""
ALLOWED = """
import pytest

@pytest.mark.reference_data
def test_skipped() -> None:
    pytest.skip("no data here")

@pytest.mark.xfail(reason="known", strict=True)
def test_expected_to_fail() -> None:
    assert False
"""


def run(folder: Path, *options: str, **contents: str) -> subprocess.CompletedProcess[str]:
    for name, content in {"fine": "def test_runs() -> None:\n    pass\n", **contents}.items():
        (folder / f"test_{name}.py").write_text(content)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    reference_data: may be skipped\n")
    return run_module(folder, "pytest", *plugins("tests.plugins.unexpected_skips"), *options, str(folder))


@pytest.mark.parametrize("processes", [(), IN_TWO_PROCESSES], ids=["one process", "two processes"])
def test_a_skip_fails_the_run_and_says_which_and_why(tmp_path: Path, processes: tuple[str, ...]) -> None:
    done = run(tmp_path, "--no-unexpected-skips", *processes, mark=SKIPPED, fixture=IN_A_FIXTURE, module=WHOLE_MODULE)

    assert 1 == done.returncode, done.stdout
    assert "3 tests were skipped that should have run" in done.stdout
    for line in ("test_mark.py::test_skipped", "test_fixture.py::test_skipped", "test_module.py"):
        assert f"{line}: no server here" in done.stdout


@pytest.mark.parametrize("processes", [(), IN_TWO_PROCESSES], ids=["one process", "two processes"])
def test_a_skip_that_may_be_leaves_the_run_alone(tmp_path: Path, processes: tuple[str, ...]) -> None:
    done = run(tmp_path, "--no-unexpected-skips", "--expected-skip", "^no server", *processes, allowed=ALLOWED, mark=SKIPPED)

    assert 0 == done.returncode, done.stdout
    assert "1 passed, 2 skipped, 1 xfailed" in done.stdout


def test_only_the_reason_that_is_expected_may_be(tmp_path: Path) -> None:
    assert 1 == run(tmp_path, "--no-unexpected-skips", "--expected-skip", "^no data", mark=SKIPPED).returncode


def test_without_the_option_a_skip_is_a_skip(tmp_path: Path) -> None:
    assert 0 == run(tmp_path, mark=SKIPPED).returncode


def test_a_run_that_fails_anyway_keeps_its_exit_code(tmp_path: Path) -> None:
    assert 2 == run(tmp_path, "--no-unexpected-skips", mark=SKIPPED, broken="not python").returncode

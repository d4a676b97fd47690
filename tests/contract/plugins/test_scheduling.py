from pathlib import Path

from tests.contract.plugins.child import IN_TWO_PROCESSES, ROOT, plugins, run_module
from tests.plugins.scheduling import FIRST, FOLDERS

TESTS = """
import os
import time
from pathlib import Path

import pytest

@pytest.mark.parametrize("number", range(4))
def test_tells(number: int) -> None:
    time.sleep(0.05)
    with Path("told").open("a") as file:
        file.write(f"{os.environ.get('PYTEST_XDIST_WORKER')} {Path(__file__).parent.name} {Path(__file__).name}\\n")
"""


def told(folder: Path, *options: str) -> list[list[str]]:
    """Return process, folder and file of each test, in the order in which they ran."""
    for name in ("tests/unit/test_a", "tests/unit/test_b", "tests/unit/test_c", "tests/faults/test_d", "tests/faults/test_e"):
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\n")
    done = run_module(folder, "pytest", *plugins("tests.plugins.scheduling"), *options)
    assert "20 passed" in done.stdout, done.stdout + done.stderr
    return [line.split() for line in (folder / "told").read_text().splitlines()]


def test_files_stay_whole_and_the_dearest_folder_too_and_begins_first(tmp_path: Path) -> None:
    found = told(tmp_path, *IN_TWO_PROCESSES)
    processes = {key: {process for process, folder, file in found if key in (folder, file)} for _, *keys in found for key in keys}

    assert [1] * 6 == [len(processes[key]) for key in ("faults", "test_a.py", "test_b.py", "test_c.py", "test_d.py", "test_e.py")]
    assert 2 == len(processes["unit"] | processes["faults"])
    (process,) = processes["faults"]
    assert ["faults"] * 8 == [folder for one, folder, _ in found if one == process][:8]


def test_without_a_second_process_nothing_is_reordered(tmp_path: Path) -> None:
    found = [file for _, _, file in told(tmp_path, "tests/unit", "tests/faults")]

    assert [name for name in ("test_a.py", "test_b.py", "test_c.py", "test_d.py", "test_e.py") for _ in range(4)] == found


def test_the_folders_that_are_named_are_there() -> None:
    assert [] == [folder for folder in (*FOLDERS, *FIRST) if not (ROOT / folder).is_dir()]

from pathlib import Path

import pytest
from coverage import CoverageData

from tests.contract.plugins.child import IN_TWO_PROCESSES, plugins, run_module

PRODUCT = """
def one() -> int:
    return 1

def two() -> int:
    return 2
"""


@pytest.mark.parametrize("processes", [(), IN_TWO_PROCESSES], ids=["one process", "two processes"])
def test_what_every_process_ran_is_measured_from_the_first_import_on(tmp_path: Path, processes: tuple[str, ...]) -> None:
    (tmp_path / "product.py").write_text(PRODUCT)
    (tmp_path / "conftest.py").write_text("import product\n")
    for name in ("one", "two"):
        (tmp_path / f"test_{name}.py").write_text(f"import product\n\ndef test_{name}() -> None:\n    assert product.{name}()\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / ".coveragerc").write_text("[run]\nparallel = true\nbranch = true\ninclude = product.py\n")
    measured = run_module(tmp_path, "coverage", "run", "-m", "pytest", *plugins("tests.plugins.worker_coverage"), *processes)
    assert measured.returncode == 0, measured.stdout + measured.stderr
    assert run_module(tmp_path, "coverage", "combine").returncode == 0
    data = CoverageData(str(tmp_path / ".coverage"))
    data.read()

    assert [2, 3, 5, 6] == sorted(data.lines(str(tmp_path / "product.py")) or ())

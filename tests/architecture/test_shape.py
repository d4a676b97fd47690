"""The shape of the tree: sizes, who reads the environment, and names of settings in deployment files."""

import ast
import re
from pathlib import Path

import pytest

from infra.settings import names

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "aggregates", "models", "streams", "projections", "api", "infra", "autotrader")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MODULE_LINES, FUNCTION_LINES = 300, 60
READS_ENVIRONMENT = {"infra/settings.py"}


def test_no_module_is_longer_than_it_should_be() -> None:
    assert {} == {str(p.relative_to(ROOT)): n for p in SOURCES if (n := len(p.read_text().splitlines())) > MODULE_LINES}


def test_every_function_fits_a_screen() -> None:
    long = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES:
                long[f"{path.relative_to(ROOT)}:{node.name}"] = (node.end_lineno or 0) - node.lineno + 1
    assert {} == long


@pytest.mark.parametrize("package", ["schemas", "aggregates", "models", "streams", "projections", "api"])
def test_only_settings_read_the_environment(package: str) -> None:
    readers = [str(path) for path in (ROOT / package).rglob("*.py") if re.search(r"os\.(environ|getenv)", path.read_text())]

    assert [] == readers


def test_deployment_files_name_settings_that_exist() -> None:
    known = set(names())
    for path in (ROOT / "infra" / "compose").iterdir():
        for name in re.findall(r"AUTOTRADER_[A-Z_]+", path.read_text()):
            assert name in known, f"{path.name}: {name}"


def test_deployment_folders_hold_no_python() -> None:
    assert [] == list((ROOT / "infra" / "compose").rglob("*.py"))

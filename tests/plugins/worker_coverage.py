"""Measures coverage in the processes that pytest-xdist starts, when the one that started them runs under ``coverage run``."""

import os

import pytest
from coverage import Coverage

_measuring: list[Coverage] = []


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Begin before the first import of what is measured; ``coverage run`` tells its children that it runs."""
    if "PYTEST_XDIST_WORKER" in os.environ and "COVERAGE_RUN" in os.environ:
        _measuring.append(Coverage())
        _measuring[0].start()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Write a data file of this process's own, for ``coverage combine``."""
    while _measuring:
        measured = _measuring.pop()
        measured.stop()
        measured.save()

"""Makes a skipped test a failure of the run, unless it is one that may be skipped.

    pytest --no-unexpected-skips [--expected-skip REGEX]…

A test may be skipped when it carries the marker ``reference_data``, or when its reason matches one of the patterns.
"""

import re
from collections.abc import Sequence

import pytest

MAY_BE_SKIPPED = "reference_data"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("unexpected skips")
    group.addoption("--no-unexpected-skips", action="store_true", help="fail the run when a test that should run was skipped")
    group.addoption("--expected-skip", action="append", default=[], metavar="REGEX", help="a reason for which tests may be skipped")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--no-unexpected-skips"):
        config.pluginmanager.register(UnexpectedSkips(config.getoption("--expected-skip")), "unexpected-skips-watch")


class UnexpectedSkips:
    """Watches one run."""

    def __init__(self, expected: Sequence[str]) -> None:
        self._expected = [re.compile(pattern) for pattern in expected]
        self._found: dict[str, None] = {}  # what is skipped at collection is told by each process of pytest-xdist

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail") and MAY_BE_SKIPPED not in report.keywords:
            self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        if not any(pattern.search(reason) for pattern in self._expected):
            self._found[f"{report.nodeid}: {reason}"] = None

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._found:
            terminalreporter.section(f"{len(self._found)} tests were skipped that should have run", red=True)
            for line in self._found:
                terminalreporter.line(line, red=True)

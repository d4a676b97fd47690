"""How Hypothesis works here: no deadline for a single example, because a machine that does other things too is no failure."""

import pytest
from hypothesis import HealthCheck, settings


def pytest_configure(config: pytest.Config) -> None:
    """Load the profile unless the command line names another (--hypothesis-profile)."""
    settings.register_profile("autotrader", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
    if not config.getoption("--hypothesis-profile", default=None):
        settings.load_profile("autotrader")

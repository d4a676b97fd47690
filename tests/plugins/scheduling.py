"""Which tests stay together when pytest-xdist runs them in several processes (-n 2, whatever --dist says).

Every process has an embedded stack of its own, so files may run side by side. The tests of one file share what they start, and keep
to one process, one after the other. Those of a folder in ``FOLDERS`` share something dearer: a run that the others are compared with.

What takes longest begins first, so that the processes end at about the same time.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

FOLDERS = ("tests/faults", "tests/integration/demo")
FIRST = (*FOLDERS, "tests/integration")


def scope_of(nodeid: str) -> str:
    """Return the folder or file whose tests run in one process."""
    file = nodeid.partition("::")[0]
    return next((folder for folder in FOLDERS if file.startswith(f"{folder}/")), file)


def rank_of(nodeid: str) -> int:
    """Return a number that is smaller the earlier a test should begin."""
    return next((number for number, folder in enumerate(FIRST) if nodeid.startswith(f"{folder}/")), len(FIRST))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Bring what takes longest to the front, in the processes that run tests for another one."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank_of(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadScopeScheduling":
    """Hand out whole folders and files, in the order of collection."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415  # most runs need no second process

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid)

    config.option.loadscopereorder = False
    return Scheduling(config, log)

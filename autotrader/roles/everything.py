"""All roles on one machine: what ``autotrader run all`` and the demo start."""

import signal
import threading

from autotrader.supervisor import Role, Supervisor
from infra.settings import Settings

ROLES = (
    Role("streams", ("run", "streams", "--instance", "streams-1")),
    Role("projections", ("run", "projections")),
    Role("api", ("run", "api")),
)


def supervisor(settings: Settings) -> Supervisor:
    """Return a supervisor of all roles that hands on the data folder."""
    return Supervisor(ROLES, settings.data_dir / "logs", {"AUTOTRADER_DATA_DIR": str(settings.data_dir.absolute())})


def run_everything(settings: Settings) -> None:
    """Run all roles until told to stop."""
    watched = supervisor(settings)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    watched.start()
    try:
        while not stopped.wait(0.1):
            watched.watch_once()
    finally:
        watched.stop()

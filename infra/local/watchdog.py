"""Takes an embedded stack down when the process that it belongs to has ended, in whatever way.

    python -m infra.local.watchdog --data-dir FOLDER --pid PID --created SECONDS

PR_SET_PDEATHSIG would be shorter, but it fires at the end of the *thread* that started the child, and exists on Linux only.
"""

import argparse
import time
from pathlib import Path

from infra.local.processes import ProcessId, find

_POLL_S = 0.2


def main() -> None:
    """Wait for the owner's end, then take the stack down if it is still the owner's."""
    parser = argparse.ArgumentParser(description="take an embedded stack down when its owner has ended")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--created", type=float, required=True)
    arguments = parser.parse_args()
    owner = ProcessId(arguments.pid, arguments.created)
    while find(owner) is not None:
        time.sleep(_POLL_S)
    # Loaded only now, so that the waiting process stays small.
    from infra.local.stack import EmbeddedStack  # noqa: PLC0415

    EmbeddedStack(arguments.data_dir).down_if_owned_by(owner)


if __name__ == "__main__":
    main()

import os
import socket
import sys
from pathlib import Path

import infra
from infra.clients.frames import Frame, receive_header, send_frame
from infra.local import processes
from infra.local.component import wait_until
from infra.local.layout import Layout
from infra.local.processes import ProcessId
from infra.local.progress import Abort

_TIMEOUT_S = 5.0
_DATABASE = "autotrader"


class EmbeddedClickHouse:
    """chdb in a process of its own, that answers on a Unix socket."""

    name = "clickhouse"

    def __init__(self, layout: Layout) -> None:
        self._folder = layout.component_dir(self.name)
        self._socket = layout.run_dir / "clickhouse.sock"
        self._log = layout.log_file(self.name)

    def prepare(self, abort: Abort) -> None:
        abort.check()
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def launch(self) -> ProcessId:
        # A stale socket would look like a server that refuses.
        self._socket.unlink(missing_ok=True)
        source_root = str(Path(infra.__file__).parent.parent)
        search_path = os.pathsep.join(part for part in (source_root, os.environ.get("PYTHONPATH")) if part)
        arguments = ["--data", str(self._folder / "data"), "--socket", str(self._socket)]
        command = [sys.executable, "-m", "infra.local.chdb_server", *arguments]
        return processes.spawn(command, log=self._log, cwd=self._folder, env={"PYTHONPATH": search_path})

    def wait_ready(self, process: ProcessId, abort: Abort) -> str:
        wait_until(self._answers, process, name="the ClickHouse process", log=self._log, abort=abort)
        return str(self._socket)

    def stop(self, process: ProcessId | None) -> None:
        processes.stop(process)

    def clean(self) -> None:
        self._socket.unlink(missing_ok=True)

    def _answers(self) -> bool:
        """Whether the process answers; asking creates the database, as the other components' stores exist from the start too."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_TIMEOUT_S)
            try:
                connection.connect(str(self._socket))
                send_frame(connection, Frame.EXECUTE, f"CREATE DATABASE IF NOT EXISTS {_DATABASE}".encode())
                answer = receive_header(connection)
            except OSError:
                return False
            return answer is not None and answer[0] is Frame.DONE

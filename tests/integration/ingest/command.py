"""Runs the command as its users do, against the running stack: in this process, or as one of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from autotrader.cli import app
from infra.local.stack import EmbeddedStack


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        return json.loads(self.out)


class Command:
    """``autotrader`` with the addresses of a stack."""

    def __init__(self, stack: EmbeddedStack, folder: Path) -> None:
        endpoints = stack.endpoints()
        self.kafka = endpoints.kafka
        self.folder = folder
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AUTOTRADER_")},
            "AUTOTRADER_DATA_DIR": str(folder / "data"),
            "AUTOTRADER_KAFKA__BOOTSTRAP": endpoints.kafka,
            "AUTOTRADER_POSTGRES__DSN": endpoints.postgres_dsn,
            "AUTOTRADER_CLICKHOUSE__SOCKET": endpoints.clickhouse_socket,
        }

    def start(self, *arguments: str, kafka: str | None = None) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "autotrader", *arguments]
        environment = {**self._environment, **({"AUTOTRADER_KAFKA__BOOTSTRAP": kafka} if kafka else {})}
        root = Path(__file__).parents[3]
        return subprocess.Popen(command, env=environment, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    @staticmethod
    def run_result(code: int, out: bytes, err: bytes) -> Ran:
        return Ran(code, out.decode(), err.decode())

    def run(self, *arguments: str) -> Ran:
        """Run in this process: importing everything anew for each call would take longer than what is tested."""
        result = CliRunner(env=self._environment).invoke(app, arguments)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)


def write_lines(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path

"""Runs the command as its users do: as a process of its own, against the running stack."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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

    def run(self, *arguments: str, timeout_s: float = 120.0) -> Ran:
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=timeout_s)
        except BaseException:
            process.kill()
            process.wait()
            raise
        return self.run_result(process.returncode, out, err)


def write_lines(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path

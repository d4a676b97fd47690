"""GET /api/v1/recommendations of 50 explained ones out of a million, 200 times a second."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from benchmarks.harness import Measured, bench_stack, repeat, say
from benchmarks.serving_rows import SAMPLES, store_rows
from infra.local.state import Endpoints

UNITS = {"p50_ms": "ms", "p99_ms": "ms", "requests_per_s": "requests/s", "body_kib": "KiB", "not_200": "answers"}
RATE = 200
SECONDS = 20
WARM_UP_S = 2
CONNECTIONS = 32
_START_S = 30.0


def run(runs: int, cache_dir: Path, data_dir: Path) -> dict[str, Measured]:
    """Fill the read model once, then measure ``runs`` times against the api role."""
    with bench_stack(cache_dir) as endpoints, tempfile.TemporaryDirectory() as folder:
        store_rows(endpoints.postgres_dsn, data_dir)
        with _api(endpoints, Path(folder)) as url:
            return repeat(runs, UNITS, lambda run: asyncio.run(_load(url, run)))


@contextmanager
def _api(endpoints: Endpoints, folder: Path) -> Iterator[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("AUTOTRADER_")}
    environment = {
        **own,
        "AUTOTRADER_DATA_DIR": str(folder),
        "AUTOTRADER_KAFKA__BOOTSTRAP": endpoints.kafka,
        "AUTOTRADER_POSTGRES__DSN": endpoints.postgres_dsn,
        "AUTOTRADER_CLICKHOUSE__SOCKET": endpoints.clickhouse_socket,
    }
    with (folder / "api.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "autotrader", "run", "api"], env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + _START_S
        while not (folder / "api.json").exists():
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError(f"expected the api role to listen, found: {(folder / 'api.log').read_text()[-500:]}")
            time.sleep(0.05)
        yield json.loads((folder / "api.json").read_text())["api"]
    finally:
        process.terminate()
        process.wait(20)


class _Connection(asyncio.Protocol):
    """One keep-alive connection that asks one thing at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._buffer = bytearray()
        self._length = -1
        self._answer: asyncio.Future[tuple[int, int]] | None = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._length < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._buffer[:end]).lower()
            self._status = int(head[9:12])
            self._length = end + 4 + int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(self._buffer) >= self._length and self._answer is not None:
            size = self._length
            del self._buffer[:size]
            self._length = -1
            self._answer.set_result((self._status, size))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(str(exc)))

    async def ask(self, path: str) -> tuple[int, int]:
        """Return status and size of the answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())  # type: ignore[attr-defined]
        return await self._answer


async def _load(url: str, seed: int) -> Mapping[str, float]:
    """Ask at the set rate whatever the answers take; a latency counts from when its request was due."""
    address, random, loop = urlsplit(url), Random(seed), asyncio.get_running_loop()
    free: asyncio.Queue[_Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait((await loop.create_connection(_Connection, address.hostname, address.port))[1])
    latencies: list[tuple[float, float, int, int]] = []

    async def one(due: float, path: str) -> None:
        connection = await free.get()
        try:
            status, size = await connection.ask(path)
        finally:
            free.put_nowait(connection)
        latencies.append((due, (time.perf_counter() - due) * 1000, status, size))

    begin = time.perf_counter()
    tasks = []
    for number in range(RATE * SECONDS):
        due = begin + number / RATE
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(due, _path(random, number))))
    await asyncio.gather(*tasks)
    took = time.perf_counter() - begin
    return _figures(latencies, begin, took)


def _path(random: Random, number: int) -> str:
    """Return what is asked: the newest, of some symbols, of an action, of a confidence; few are asked twice."""
    base = "/api/v1/recommendations?limit=50"
    kind = number % 4
    if kind == 0:
        return base
    if kind == 1:
        return f"{base}&symbols={','.join(f'S{random.randrange(SAMPLES):03d}' for _ in range(5))}"
    if kind == 2:
        return f"{base}&action={random.choice(('BUY', 'SELL', 'HOLD'))}"
    return f"{base}&min_confidence=0.{random.randrange(300, 500)}"


def _figures(latencies: list[tuple[float, float, int, int]], begin: float, took: float) -> Mapping[str, float]:
    warm = sorted(ms for due, ms, _, _ in latencies if due - begin >= WARM_UP_S)
    say(f"slowest {warm[-1]:.1f} ms")
    return {
        "p50_ms": warm[len(warm) // 2],
        "p99_ms": warm[int(len(warm) * 0.99)],
        "requests_per_s": len(latencies) / took,
        "body_kib": max(size for _, _, _, size in latencies) / 1024,
        "not_200": sum(status != 200 for _, _, status, _ in latencies),
    }

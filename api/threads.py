"""A few threads for what blocks. Their number is the bound: work that outlasts its caller still holds its thread."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """Runs blocking work beside the event loop. What waits for a thread when its caller gives up is never begun."""

    def __init__(self, count: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, work: Callable[[], T], timeout_s: float | None = None) -> T:
        """Return what the work returns; TimeoutError after that many seconds, the wait for a thread included."""
        async with asyncio.timeout(timeout_s):
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)

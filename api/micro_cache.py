"""Identical reads that come within a moment of each other are one read."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class MicroCache(Generic[V]):
    """Answers kept for a fraction of a second. Callers that come while an answer is being fetched wait for the same one.

    What depends on the clock (staleness) must not be in the answer. Failures are given to those who wait and are not kept.
    """

    def __init__(self, keep_s: float, entries_max: int = 64) -> None:
        self._keep_s = keep_s
        self._entries_max = entries_max
        self._kept: OrderedDict[Hashable, tuple[float, V]] = OrderedDict()
        self._fetching: dict[Hashable, asyncio.Task[V]] = {}

    async def get(self, key: Hashable, fetch: Callable[[], Awaitable[V]]) -> V:
        """Return the kept answer of a key, or fetch it."""
        if self._keep_s <= 0:
            return await fetch()
        now = asyncio.get_running_loop().time()
        kept = self._kept.get(key)
        if kept is not None and now < kept[0]:
            return kept[1]
        task = self._fetching.get(key)
        if task is None:
            task = asyncio.ensure_future(self._fetch(key, fetch))
            self._fetching[key] = task
            task.add_done_callback(lambda done: self._fetched(key, done))
        return await asyncio.shield(task)  # a client that goes away must not fail the others

    async def _fetch(self, key: Hashable, fetch: Callable[[], Awaitable[V]]) -> V:
        value = await fetch()
        now = asyncio.get_running_loop().time()
        self._kept.pop(key, None)
        self._kept[key] = (now + self._keep_s, value)
        self._forget(now)
        return value

    def _forget(self, now: float) -> None:
        """Drop what is too old, oldest first, and what is too much."""
        while self._kept:
            key, (until, _) = next(iter(self._kept.items()))
            if until > now and len(self._kept) <= self._entries_max:
                return
            del self._kept[key]

    def _fetched(self, key: Hashable, done: "asyncio.Task[V]") -> None:
        self._fetching.pop(key, None)
        if not done.cancelled():
            done.exception()  # seen: where everyone who waited has gone, it is no error of the loop

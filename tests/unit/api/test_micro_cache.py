import asyncio

import pytest

from api.micro_cache import MicroCache


class Source:
    """Counts how often it is asked, and answers when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.ready = asyncio.Event()
        self.fails = False

    async def fetch(self) -> int:
        self.asked += 1
        await self.ready.wait()
        if self.fails:
            raise RuntimeError("no answer")
        return self.asked


def test_callers_of_one_moment_share_one_fetch():
    async def scenario():
        cache, source = MicroCache[int](keep_s=60), Source()
        waiting = [asyncio.create_task(cache.get("key", source.fetch)) for _ in range(5)]
        await asyncio.sleep(0)
        source.ready.set()
        return await asyncio.gather(*waiting), await cache.get("key", source.fetch), source.asked

    assert asyncio.run(scenario()) == ([1] * 5, 1, 1)


def test_an_answer_is_kept_for_its_time_only():
    async def scenario():
        cache, source = MicroCache[int](keep_s=0.02), Source()
        source.ready.set()
        first = await cache.get("key", source.fetch)
        await asyncio.sleep(0.03)
        return first, await cache.get("key", source.fetch)

    assert asyncio.run(scenario()) == (1, 2)


def test_nothing_is_kept_where_the_time_is_zero():
    async def scenario():
        cache, source = MicroCache[int](keep_s=0), Source()
        source.ready.set()
        return [await cache.get("key", source.fetch) for _ in range(3)]

    assert asyncio.run(scenario()) == [1, 2, 3]


def test_a_failure_reaches_all_who_wait_and_is_not_kept():
    async def scenario():
        cache, source = MicroCache[int](keep_s=60), Source()
        source.fails = True
        source.ready.set()
        failed = await asyncio.gather(*(cache.get("key", source.fetch) for _ in range(3)), return_exceptions=True)
        source.fails = False
        return [str(one) for one in failed], await cache.get("key", source.fetch)

    assert asyncio.run(scenario()) == (["no answer"] * 3, 2)


def test_a_caller_that_goes_away_takes_nobody_along():
    async def scenario():
        cache, source = MicroCache[int](keep_s=60), Source()
        first, second = (asyncio.create_task(cache.get("key", source.fetch)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        source.ready.set()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await second, source.asked

    assert asyncio.run(scenario()) == (1, 1)


def test_what_is_kept_is_bounded_and_the_oldest_goes_first():
    async def scenario():
        cache, source = MicroCache[int](keep_s=60, entries_max=2), Source()
        source.ready.set()
        for key in "abc":
            await cache.get(key, source.fetch)
        newest = [await cache.get(key, source.fetch) for key in "bc"]
        return newest, await cache.get("a", source.fetch)

    assert asyncio.run(scenario()) == ([2, 3], 4)

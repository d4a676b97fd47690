"""An input is declared idle when it has been silent for the set time while something waited for it, and not before."""

from collections.abc import Mapping
from types import SimpleNamespace

from streams.runner.idle import IdleWatch


class Waiting:
    def __init__(self) -> None:
        self.waits: dict[str, int] = {}
        self.heard: dict[str, int] = {}
        self.declared: list[tuple[str, int]] = []

    def waiting_for(self) -> Mapping[str, int]:
        return self.waits

    def told(self, topic: str) -> int:
        return self.heard.get(topic, 0)

    def declare_idle(self, topic: str, at: int) -> None:
        self.declared.append((topic, at))


def watched() -> tuple[IdleWatch, Waiting, list[SimpleNamespace]]:
    fold = Waiting()
    stages = [SimpleNamespace(agent="bars", waiting=None), SimpleNamespace(agent="features", waiting=fold)]
    return IdleWatch(2.0), fold, [SimpleNamespace(partition=0, stages=stages, touch=lambda _: None)]


def test_it_waits_the_set_time_and_declares_once() -> None:
    watch, fold, owners = watched()
    fold.waits = {"news": 10}
    for now in (0.0, 1.9):
        watch.check(owners, now)
    assert [] == fold.declared

    for now in (2.0, 2.1, 5.0):
        watch.check(owners, now)

    assert [("news", 10)] == fold.declared


def test_a_source_that_speaks_is_waited_for_anew() -> None:
    watch, fold, owners = watched()
    fold.waits = {"news": 10}
    watch.check(owners, 0.0)
    fold.heard = {"news": 1}
    watch.check(owners, 1.9)
    watch.check(owners, 3.0)
    assert [] == fold.declared

    watch.check(owners, 3.9)

    assert [("news", 10)] == fold.declared


def test_nobody_waits_twice_for_a_source_that_stays_silent() -> None:
    watch, fold, owners = watched()
    fold.waits = {"news": 10}
    watch.check(owners, 0.0)
    watch.check(owners, 2.0)
    fold.waits = {}
    watch.check(owners, 2.1)
    fold.waits = {"news": 20}

    watch.check(owners, 2.2)

    assert [("news", 10), ("news", 20)] == fold.declared

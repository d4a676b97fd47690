import time

import pytest

from tests.integration.demo.running import PATIENCE_S, interrupted, json_lines

pytestmark = pytest.mark.stack

SLOW = ("--day-seconds", "1000", "--tick-speed", "1")
"""So slow that what was held back is never told to its end."""


def until(lines, condition):
    """Return the first line that fulfils a condition."""
    for line in lines:
        if condition(line):
            return line
    raise AssertionError("the demo ended before")


def test_told_at_another_speed_interrupted_and_resumed_it_derives_the_same_bytes(fresh, replayed):
    with fresh.started("--json", *SLOW) as process:
        shown = until(json_lines(process), lambda line: len(line["latest"]) >= 5 and line["recommendations"] > 100)
        code, seconds = interrupted(process)

    assert code == 0, fresh.errors()
    assert fresh.family() == []
    assert seconds < 30
    assert {feed["telling"] for feed in shown["feeds"].values()} == {"held-back part"}
    assert all(one["summary"] for one in shown["latest"])

    figures = fresh.once()

    assert figures["resumed"] is True
    assert figures["idle_clocks"] == 0
    demo, _ = replayed
    assert fresh.derived() == demo.derived()


def test_when_the_recordings_end_they_are_repeated_and_marked(fresh):
    with fresh.started("--json", "--day-seconds", "0.05", "--tick-speed", "2000") as process:
        shown = until(json_lines(process), lambda line: sum("demo-loop" in one["marks"] for one in line["latest"]) >= 5)
        code, _ = interrupted(process)

    assert code == 0, fresh.errors()
    assert {feed["telling"][:10] for feed in shown["feeds"].values()} == {"repetition"}
    assert shown["dead_letters"] == 0
    assert fresh.family() == []


def test_ctrl_c_while_it_starts_ends_everything(fresh):
    with fresh.started() as process:
        while "kafka" not in fresh.errors():
            time.sleep(0.05)
        code, _ = interrupted(process)

    assert code == 130
    assert fresh.family() == []


def test_a_second_one_is_refused_and_a_killed_one_takes_everything_with_it(fresh):
    with fresh.started("--json", *SLOW) as first:
        until(json_lines(first), lambda line: line["bars"] > 0)
        with fresh.started("--once") as second:
            second.communicate(timeout=PATIENCE_S)
        first.kill()
        first.wait()
    begun = time.monotonic()
    while fresh.family() and time.monotonic() - begun < 45:
        time.sleep(0.2)

    assert second.returncode == 1
    assert "no other demo" in fresh.errors()
    assert fresh.family() == []

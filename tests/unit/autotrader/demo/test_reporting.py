import io

import pytest

from autotrader.demo.catching_up import until_caught_up
from autotrader.demo.ground import last_words
from autotrader.demo.reporting import LineReporter


def test_a_step_says_each_thing_once():
    out = io.StringIO()
    with LineReporter(out) as report:
        for message in ("starting", "starting", "up", "up"):
            report.tell("kafka", message)

    assert out.getvalue().splitlines() == ["kafka: starting", "kafka: up"]


def test_what_is_counted_is_told_from_time_to_time():
    out = io.StringIO()
    with LineReporter(out) as report:
        for done in range(1, 1_000):
            report.tell("ticks", "telling", done, 1_000)

    assert out.getvalue().splitlines() == ["ticks: telling 0%"]


def test_all_have_to_be_caught_up_twice_in_a_row():
    answers = iter([{"bars": 5}, {"bars": 0}, {"bars": 0, "features": 3}, {"bars": 0}, {"bars": 0}])
    heard = []

    until_caught_up(lambda: next(answers), heard.append)

    assert len(heard) == 5


def test_who_listens_may_end_the_waiting():
    def told(_behind):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        until_caught_up(lambda: {"bars": 1}, told)


def test_the_last_words_of_a_log_are_its_last_line_that_says_something(tmp_path):
    log = tmp_path / "api.log"
    log.write_text("first\nAttributeError: no such thing\n\n  \n")

    assert last_words(log) == "AttributeError: no such thing"
    assert last_words(tmp_path / "none.log") == "nothing in its log"

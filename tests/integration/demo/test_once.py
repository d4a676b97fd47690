import pytest

from tests.integration.demo.running import PATIENCE_S

pytestmark = pytest.mark.stack


def test_a_run_to_the_end_says_how_much_there_is(replayed):
    _, figures = replayed

    assert figures["ticks"] == 20_000
    assert figures["clocks"] > 0
    assert figures["bars"] > 5 * 90
    assert figures["features"] > 5 * 90
    assert figures["recommendations"] > 5 * 90
    assert figures["dead_letters"] == 0
    assert sum(figures["by_action"].values()) == figures["recommendations"] == figures["explained"]
    assert figures["by_action"].keys() == {"BUY", "SELL", "HOLD"}


def test_it_says_how_long_that_took_and_what_decided(replayed):
    _, figures = replayed

    assert figures["training_s"] > 0
    assert 0 < figures["first_recommendation_s"] < figures["total_s"]
    assert figures["api_url"].startswith("http://127.0.0.1:")
    assert figures["docs_url"] == figures["api_url"] + "/docs"
    assert figures["models"].keys() == {"1d", "1m"}
    assert figures["resumed"] is False


def test_no_input_ever_had_to_be_declared_silent(replayed):
    _, figures = replayed

    assert figures["idle_clocks"] == 0


def test_nothing_is_left_behind(replayed):
    demo, _ = replayed

    assert demo.family() == []


def test_a_second_run_finds_everything(replayed):
    demo, first = replayed
    second = demo.once()
    same = ("ticks", "clocks", "bars", "features", "recommendations", "by_action", "explained", "dead_letters", "models")

    assert second["resumed"] is True
    assert second["training_s"] == 0
    assert {name: second[name] for name in same} == {name: first[name] for name in same}


def test_another_slice_of_what_was_told_is_refused_in_one_line(replayed):
    demo, _ = replayed
    with demo.started("--once", "--json", told=("--days", "50", "--ticks", "20000")) as process:
        out, _ = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 1
    assert out == ""
    assert "days 90" in demo.errors().splitlines()[-1]
    assert "--data-dir" in demo.errors().splitlines()[-1]
    assert demo.family() == []

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autotrader.cli import GROUPS, app

HEAVY = ("numpy", "pyarrow", "confluent_kafka", "faust", "lightgbm", "sklearn", "fastavro", "pydantic", "starlette", "psycopg")
OURS = ("ingest", "export", "topics", "schemas", "dlq", "lag", "stack", "models", "train")
SUBCOMMANDS = {
    "topics": ("list", "create"),
    "schemas": ("check", "register", "asyncapi"),
    "dlq": ("list", "show", "redrive"),
    "stack": ("up", "status", "down", "reset"),
    "models": ("list", "show"),
}
EVERY = [(group, *sub) for group in OURS for sub in ([(name,) for name in SUBCOMMANDS.get(group, ())] or [()])]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOTRADER_DATA_DIR", str(tmp_path / "data"))

    def run(*arguments):
        return CliRunner().invoke(app, arguments)

    return run


def test_help_lists_every_group_and_imports_nothing_heavy():
    program = f"import sys, autotrader.cli as c\ntry:\n c.main(['--help'])\nexcept SystemExit: pass\nprint([m for m in {HEAVY} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])

    assert ran.stdout.splitlines()[-1] == "[]"
    assert all(group in ran.stdout for group in GROUPS)


@pytest.mark.parametrize("command", EVERY, ids=" ".join)
def test_every_command_has_an_example_and_json(run, command):
    result = run(*command, "--help")

    assert result.exit_code == 0
    assert f"Example: autotrader {' '.join(command)}" in " ".join(result.stdout.split())
    assert "--json" in result.stdout


@pytest.mark.parametrize(
    "command",
    [("topics", "list"), ("topics", "create"), ("dlq", "list"), ("dlq", "redrive"), ("lag",), ("export", "bars")],
    ids=" ".join,
)
def test_without_a_stack_one_line_says_what_to_do(run, command):
    result = run(*command)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "start one with `autotrader stack up`" in " ".join(result.stderr.split())


def test_a_misspelt_setting_is_refused_in_one_line(run, monkeypatch):
    monkeypatch.setenv("AUTOTRADER_DATADIR", "x")
    result = run("topics", "list")

    assert result.exit_code == 1
    assert "AUTOTRADER_DATADIR is not a setting; did you mean AUTOTRADER_DATA_DIR?" in " ".join(result.stderr.split())


def test_a_stack_that_does_not_run_has_status_1(run):
    result = run("stack", "status", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["running"] is False


def test_the_committed_schemas_are_in_order(run):
    result = run("schemas", "check", "--json")

    assert (result.exit_code, json.loads(result.stdout)["problems"]) == (0, [])


def test_stale_pages_are_told_and_written(run, tmp_path):
    result = run("schemas", "check", "--docs", str(tmp_path), "--json")

    assert result.exit_code == 1
    assert len(json.loads(result.stdout)["problems"]) == 2

    written = run("schemas", "check", "--docs", str(tmp_path), "--write", "--json")

    assert (written.exit_code, sorted(json.loads(written.stdout)["written"])) == (0, ["access.md", "asyncapi.json"])


def test_the_asyncapi_document_is_written(run, tmp_path):
    assert json.loads(run("schemas", "asyncapi").stdout)["asyncapi"].startswith("3.")
    assert run("schemas", "asyncapi", "--output", str(tmp_path / "a.json")).exit_code == 0
    assert json.loads((tmp_path / "a.json").read_text())["channels"]


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (("schemas", "register"), 2, "expected --registry URL, or AUTOTRADER_REGISTRY__URL, found neither"),
        (("schemas", "register", "--registry", "x"), 1, "expected a registry URL"),
        (("schemas", "register", "--registry", "http://127.0.0.1:1"), 1, "expected an answer within"),
        (("train", "--interval", "2d"), 2, "expected --interval 1d or 1m, found 2d"),
        (("train", "--kind", "magic"), 2, "expected --kind lightgbm or linear, found magic"),
        (("models", "show", "abc"), 1, "expected one model abc, found 0"),
        (("export", "everything"), 2, "expected one of ticks, bars"),
        (("nonsense",), 2, "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_meant_ends_in_one_clear_line(run, command, code, message):
    result = run(*command)

    assert result.exit_code == code
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_no_models_are_said_to_be_none(run):
    assert json.loads(run("models", "list", "--json").stdout)["models"] == []
    assert "train them with `autotrader train`" in run("models", "list").stderr

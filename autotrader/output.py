"""How commands speak: results on stdout (a table for people, one JSON object with --json), everything else on stderr."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import orjson
import typer
from rich.console import Console
from rich.markup import escape

OK, FAILED, USAGE, PARTIAL = 0, 1, 2, 3
"""Exit codes: all well; it failed; the call's words are off; some of it was done, the rest is reported."""

DEBUG_NAME = "AUTOTRADER_DEBUG"


def people() -> Console:
    """Return the console for people: stderr, so that stdout holds the result and nothing else."""
    return Console(stderr=True, highlight=False)


def print_json(result: Any) -> None:
    """Print one JSON object on stdout."""
    sys.stdout.write(orjson.dumps(result, default=str, option=orjson.OPT_NON_STR_KEYS).decode() + "\n")
    sys.stdout.flush()


def fail(message: str, code: int = FAILED) -> NoReturn:
    """End the command with one clear line."""
    people().print(f"[bold red]error:[/] {escape(message)}", soft_wrap=True)
    raise typer.Exit(code)


@contextmanager
def clear_errors(*expected: type[Exception]) -> Iterator[None]:
    """Show expected errors as one line; with AUTOTRADER_DEBUG set, as they are."""
    try:
        yield
    except expected as error:
        if os.environ.get(DEBUG_NAME):
            raise
        fail(str(error) or type(error).__name__)

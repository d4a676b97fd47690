"""Tables for people, on stdout."""

from rich.console import Console
from rich.table import Table

_WIDE = 200


def table(*columns: str) -> Table:
    """Return an empty table with these columns; what does not fit is folded, never cut off."""
    made = Table(box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def print_table(filled: Table) -> None:
    """Print a table as wide as the terminal, or wide where there is none."""
    console = Console()
    (console if console.is_terminal else Console(width=_WIDE)).print(filled)

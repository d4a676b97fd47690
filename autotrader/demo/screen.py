"""The demo on a terminal: a table of the newest recommendations that follows the market."""

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from autotrader.demo.latest import Latest
from autotrader.demo.plan import part_name
from autotrader.demo.view import View, in_order
from schemas.values import from_micros

_COLOURS = {"BUY": "bold green", "SELL": "bold red", "HOLD": "yellow"}

NOTICE = (
    "Recordings, not today's market: by the clock of today every recommendation is stale. All were made on data that the models "
    "were not trained on (daily bars from 2010 on, minute bars from the second session on). News and posts are synthetic. "
    "Nothing here is advice, and nothing promises profit."
)


def render(view: View) -> RenderableType:
    """Return the screen of a moment."""
    return Group(_header(view), _table(view), Text(NOTICE, style="dim"), Text("Ctrl-C ends everything.", style="dim"))


def _header(view: View) -> RenderableType:
    header = Table.grid(padding=(0, 2))
    header.add_row(Text("AutoTrader AI", style="bold"), Text.assemble("API ", (view.api_url, "cyan underline")))
    header.add_row("", Text.assemble("documentation ", (view.docs_url, "cyan underline")))
    counts = view.counts
    header.add_row("in the log", " · ".join(f"{counts[name]:,} {name.replace('_', ' ')}" for name in counts if name != "clocks"))
    for name, lane in view.lanes.items():
        at = "" if lane.at is None else f", {_clock(lane.at)}"
        header.add_row(name, f"{part_name(lane.part)}{at}")
    if view.trouble:
        header.add_row(Text("waiting", style="bold red"), Text(view.trouble, style="red"))
    return header


def _table(view: View) -> Table:
    table = Table(expand=True, box=box.SIMPLE_HEAD, padding=(0, 1))
    for name in ("time (UTC)", "series", "action"):
        table.add_column(name, no_wrap=True)
    for name in ("sure", "score", "price"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("why", ratio=1)
    for one in in_order(view):
        table.add_row(*_cells(view, one))
    if not view.latest:
        table.add_row(*[""] * 6, "the first recommendation is on its way")
    return table


def _cells(view: View, one: Latest) -> list[RenderableType]:
    marks = "".join(f" [{mark}]" for mark in view.marks(one))
    return [
        _clock(one.decided_at)[:-3],
        f"{one.symbol} {one.interval}",
        Text(one.action, style=_COLOURS.get(one.action, "")),
        f"{one.confidence:.0%}",
        f"{one.score:+.2f}",
        f"{one.price:,.2f}",
        Text.assemble(reason(one), (marks, "magenta")),
    ]


def reason(one: Latest) -> str:
    """Return the summary without its beginning, which repeats what other columns say."""
    return one.summary.partition(" confidence: ")[2] or one.summary


def _clock(micros: int) -> str:
    return from_micros(micros).strftime("%Y-%m-%d %H:%M:%S")

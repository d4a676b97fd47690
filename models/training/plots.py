"""The two pictures of a report, as SVG whose bytes depend on the figures only."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from models.training.evaluation import CLASSES

_COLOURS = {"SELL": "#b3261e", "HOLD": "#6b7280", "BUY": "#1b7f4d"}
_STYLE: Any = {"svg.hashsalt": "autotrader", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9.0}


def reliability_svg(reliability: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return forecast against observed frequency of each action; on the diagonal a forecast is as good as its word."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.4, 3.6), layout="constrained")
        axes = figure.subplots()
        top = max(max(one["forecast"], one["observed"]) for name in CLASSES for one in reliability[name]) * 1.1
        axes.plot([0, top], [0, top], color="#c0c4cc", linewidth=1, linestyle="--")
        for name in CLASSES:
            bins = reliability[name]
            axes.plot(
                [one["forecast"] for one in bins],
                [one["observed"] for one in bins],
                "o-",
                color=_COLOURS[name],
                label=name,
                markersize=4,
            )
        axes.set(xlabel="forecast probability", ylabel="observed frequency", xlim=(0, top), ylim=(0, top))
        axes.set_title("Reliability, out of sample")
        axes.legend(frameon=False)
        return _svg(figure)


def confusion_svg(confusion: Sequence[Sequence[int]]) -> str:
    """Return counts by label and decision; shades are shares of each label."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(3.6, 3.6), layout="constrained")
        axes = figure.subplots()
        shares = [[count / max(1, sum(row)) for count in row] for row in confusion]
        axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
        for row, counts in enumerate(confusion):
            for column, count in enumerate(counts):
                ink = "white" if shares[row][column] > 0.6 else "black"  # noqa: PLR2004  # where the shade turns dark
                axes.text(column, row, f"{count}\n{shares[row][column]:.0%}", ha="center", va="center", color=ink)
        axes.set_xticks(range(3), CLASSES)
        axes.set_yticks(range(3), CLASSES)
        axes.set(xlabel="decision", ylabel="label")
        axes.set_title("Confusion, out of sample")
        return _svg(figure)


def _svg(figure: Figure) -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()

"""What a run to the end of the recordings found: one JSON object."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autotrader.demo.totals import Counts
from autotrader.demo.view import docs_url, totals_record

ACTIONS = ("BUY", "SELL", "HOLD")


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds."""

    began_s: float
    """On the monotonic clock."""
    fit_s: float
    """On the monotonic clock: the stack was healthy and the models were there."""
    training_s: float
    ended_s: float


def figures(counts: Counts, timing: Timing, api_url: str, models: Mapping[str, str], *, resumed: bool) -> dict[str, Any]:
    """Return the figures by the names that people use; counts are totals of the topics."""
    first = counts.first_recommendation_s
    return {
        **totals_record(counts),
        "by_action": {action: counts.actions[action] for action in ACTIONS},
        "explained": counts.explained,
        "idle_clocks": counts.idle_clocks,
        "first_recommendation_s": None if first is None else round(max(0.0, first - timing.fit_s), 2),
        "training_s": round(timing.training_s, 2),
        "total_s": round(timing.ended_s - timing.began_s, 2),
        "api_url": api_url,
        "docs_url": docs_url(api_url),
        "resumed": resumed,
        "models": dict(models),
    }

"""What the demo shows at a moment, as data: the table on a terminal, lines of text and JSON are made of the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from autotrader.demo.feeding import LaneState
from autotrader.demo.latest import Latest, Series
from autotrader.demo.plan import part_name
from autotrader.demo.totals import Counts
from schemas.events.market import ClockAdvanced, Tick
from schemas.topics import BARS, DEAD_LETTERS, FEATURES, RECOMMENDATIONS, TICKS
from schemas.values import iso


@dataclass(frozen=True)
class View:
    """One moment of the demo."""

    api_url: str
    series: Sequence[Series]
    latest: Mapping[Series, Latest] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    lanes: Mapping[str, LaneState] = field(default_factory=dict)
    lane_of: Mapping[str, str] = field(default_factory=dict)
    """By symbol."""
    trouble: str = ""
    """What is wrong at the moment; empty where nothing is."""

    @property
    def docs_url(self) -> str:
        """Address of the documentation page."""
        return docs_url(self.api_url)

    def marks(self, one: Latest) -> list[str]:
        """Return what a reader has to know of a recommendation: stale in the time of its own lane, synthetic, repeated."""
        lane = self.lanes.get(self.lane_of.get(one.symbol, ""), LaneState())
        marks = ["stale"] if lane.at is not None and one.valid_until <= lane.at else []
        marks += ["synthetic news"] if one.synthetic else []
        return marks + (["demo-loop"] if one.is_repeated else [])

    def to_record(self) -> dict[str, Any]:
        """Return the view as one JSON object."""
        return {
            "api_url": self.api_url,
            "docs_url": self.docs_url,
            **self.counts,
            "feeds": {
                name: {"telling": part_name(lane.part), "at": None if lane.at is None else iso(lane.at)}
                for name, lane in self.lanes.items()
            },
            "latest": [
                {
                    "symbol": one.symbol,
                    "interval": one.interval,
                    "decided_at": iso(one.decided_at),
                    "action": one.action,
                    "confidence": one.confidence,
                    "score": one.score,
                    "price": one.price,
                    "summary": one.summary,
                    "marks": self.marks(one),
                }
                for one in in_order(self)
            ],
            "trouble": self.trouble,
        }


def docs_url(api_url: str) -> str:
    """Return the address of the documentation page of an API."""
    return f"{api_url}/docs"


def in_order(view: View) -> list[Latest]:
    """Return the newest recommendations in the order of their series."""
    return [view.latest[series] for series in view.series if series in view.latest]


def totals_record(counts: Counts) -> dict[str, int]:
    """Return how much the topics hold, by the names that people use."""
    return {
        "ticks": counts.of(TICKS, Tick.TYPE),
        "clocks": counts.of(TICKS, ClockAdvanced.TYPE),
        "bars": counts.of(BARS),
        "features": counts.of(FEATURES),
        "recommendations": counts.of(RECOMMENDATIONS),
        "dead_letters": counts.of(DEAD_LETTERS),
    }

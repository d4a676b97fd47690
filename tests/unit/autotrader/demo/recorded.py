from dataclasses import dataclass

from streams.sources.tick_feed import TickParser


@dataclass(frozen=True)
class Recorded:
    """A recording of ticks as a test makes one up."""

    source: str
    recording: str
    symbol: str
    parse: TickParser

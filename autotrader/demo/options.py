"""What a demo is asked for."""

from dataclasses import dataclass, field

from autotrader.demo.feeding import Speeds
from autotrader.demo.plan import Slice


@dataclass(frozen=True, slots=True)
class Options:
    """Of one run."""

    once: bool = False
    """Run to the end of the recordings, say how much there is, and leave."""
    json: bool = False
    slice: Slice = field(default_factory=Slice)
    speeds: Speeds = field(default_factory=Speeds)

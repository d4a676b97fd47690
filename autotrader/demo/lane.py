"""What a lane of the demo is: symbols that share a time, told in parts.

The history comes first, then what was held back of it, then that again and again, shifted past its end. Each part is a list of
feeds, told one after the other: first everything that decisions may have to wait for, so that no bar ever waits.
"""

from collections.abc import Sequence
from typing import Protocol

from streams.sources.records import Feed


class Lane(Protocol):
    """Symbols that share a time, and the feeds of each part of it."""

    @property
    def name(self) -> str:
        """Return what people call it."""

    @property
    def symbols(self) -> Sequence[str]:
        """Return its symbols."""

    def feeds(self, part: int) -> Sequence[Feed]:
        """Return the feeds of a part in the order in which they are told; the last one is the market itself."""


def loop_name(loop: int, recording: str) -> str:
    """Name the recording of a repetition: its number first, for the beginning of a name is what tells producers apart."""
    return f"loop-{loop}/{recording}"

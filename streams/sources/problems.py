"""What can be wrong with a file: single rows, which are reported and left out, and the file as a whole, which ends the ingest."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


class SourceError(Exception):
    """An ingest that cannot go on.

    SourceError
    ├── FileRefusedError     the file, or what was said about it, does not fit: nothing was written
    ├── TakenOverError       another ingest of the same file has begun since
    └── UnfinishedError      Kafka did not take it; repeated, the ingest goes on where it stopped
    """


class FileRefusedError(SourceError):
    """The file, or what was said about it, does not fit what was asked for."""


class TakenOverError(SourceError):
    """Another ingest of the same file and source has begun since: this one has to end."""


class UnfinishedError(SourceError):
    """Kafka did not take what was to be written. Nothing is lost: repeated, the ingest goes on where it stopped."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was left out."""

    line: int
    """Line of the file (CSV, JSON lines) or row from 1 (Parquet)."""
    column: str
    """Empty where the row as a whole is not readable."""
    reason: str
    """What was expected and what was found."""


class BadRowError(ValueError):
    """A row that breaks a rule, while it is being read."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}" if column else reason)
        self.column = column
        self.reason = reason


@dataclass(slots=True)
class BadRows:
    """The rows left out: all are counted, the first ones are kept."""

    kept_max: int = 100
    total: int = 0
    first: list[BadRow] = field(default_factory=list)
    by_column: Counter[str] = field(default_factory=Counter)

    def add(self, rows: Iterable[BadRow]) -> None:
        """Count rows and keep the first ones."""
        for row in rows:
            self.total += 1
            self.by_column[row.column] += 1
            if len(self.first) < self.kept_max:
                self.first.append(row)


def shown(value: object) -> str:
    """Return a value as it may stand in a message: on one line, not too long."""
    if value is None:
        return "nothing"
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")  # noqa: PLR2004  # what a terminal's line holds beside a reason

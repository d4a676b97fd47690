"""Windows as a struct of arrays: one row each, open or closed, and free rows to be used again."""

import numpy as np

from streams.bars.arrays import Floats, Ints, grown

FREE, OPEN, CLOSED = 0, 1, 2
NOWHERE = -1

INTS = (
    "status",
    "slot",
    "start",
    "deadline",
    "batch",
    "trades",
    "revision",
    "first_time",
    "first_sequence",
    "first_recording",
    "last_time",
    "last_sequence",
    "last_recording",
)
FLOATS = ("volume", "notional", "eligible_size", "high", "low", "first_price", "last_price")


class WindowPool:
    """Rows of windows. A slot is a group and an interval: group number * intervals + place of the interval."""

    status: Ints
    slot: Ints
    start: Ints
    deadline: Ints
    """The watermark at which the window closes: end + lateness."""
    batch: Ints
    """The checkpoint record that holds the window as it was closed or corrected last; NOWHERE where none does."""
    trades: Ints
    """Trades eligible for price: the first and last of them by (event time, sequence) follow."""
    revision: Ints
    """How many bars the window has given: the revision of the next one."""
    first_time: Ints
    first_sequence: Ints
    first_recording: Ints
    last_time: Ints
    last_sequence: Ints
    last_recording: Ints
    volume: Floats
    """Of all trades, summed in the order of arrival, as the two that follow: the same bits however chunks are cut."""
    notional: Floats
    """Price times size of the eligible trades."""
    eligible_size: Floats
    high: Floats
    low: Floats
    first_price: Floats
    last_price: Floats

    def __init__(self, capacity: int = 1024) -> None:
        self._ints = np.zeros((len(INTS), 0), np.int64)
        self._floats = np.zeros((len(FLOATS), 0), np.float64)
        self._free: list[int] = []
        self._empty_ints = np.array([NOWHERE if name in ("batch", "first_recording", "last_recording") else 0 for name in INTS])
        self._empty_floats = np.array([{"high": -np.inf, "low": np.inf}.get(name, 0.0) for name in FLOATS])
        self._grow(capacity)

    def __len__(self) -> int:
        return self._ints.shape[1]

    def new(self, slot: int, start: int, deadline: int, status: int) -> int:
        """Return the row of a new, empty window."""
        if not self._free:
            self._grow(2 * len(self))
        row = self._free.pop()
        self._ints[:, row] = self._empty_ints
        self._floats[:, row] = self._empty_floats
        self.status[row] = status
        self.slot[row] = slot
        self.start[row] = start
        self.deadline[row] = deadline
        return row

    def get(self, row: int) -> tuple[dict[str, int], dict[str, float]]:
        """Return the integers and the doubles of one row by name, to be changed and put back."""
        return dict(zip(INTS, self._ints[:, row].tolist(), strict=True)), dict(
            zip(FLOATS, self._floats[:, row].tolist(), strict=True)
        )

    def put(self, row: int, ints: dict[str, int], floats: dict[str, float]) -> None:
        """Put a row back as it was got."""
        self._ints[:, row] = list(ints.values())
        self._floats[:, row] = list(floats.values())

    def free(self, rows: Ints) -> None:
        """Give rows back."""
        self.status[rows] = FREE
        self._free.extend(rows.tolist())

    def _grow(self, capacity: int) -> None:
        old = len(self)
        self._ints = grown(self._ints, capacity, 0)
        self._floats = grown(self._floats, capacity, 0.0)
        for name, column in zip(INTS, self._ints, strict=True):
            setattr(self, name, column)
        for name, values in zip(FLOATS, self._floats, strict=True):
            setattr(self, name, values)
        self._free.extend(range(capacity - 1, old - 1, -1))

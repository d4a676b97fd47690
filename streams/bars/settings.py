"""Settings of the bars agent."""

from dataclasses import dataclass

from schemas.values import interval_us

OPEN_WINDOWS_MAX = 3_000
"""Open windows of one symbol and source at the most: they are one checkpoint record, which has to fit a Kafka message."""


@dataclass(frozen=True)
class BarsSettings:
    """What bars are built and how long is waited for late ticks. Times in microseconds of event time.

    ValueError where the intervals repeat a length, or the times contradict each other.
    """

    intervals: tuple[str, ...] = ("1m", "5m", "1h", "1d")
    lateness_us: int = 2_000_000
    """A bar closes once the watermark is this far past its end."""
    kept_window_us: int = 3_600_000_000
    """A tick this far behind the watermark still corrects closed bars; an older one is too late."""
    max_future_us: int = 300_000_000
    """A record that says it is this far ahead of its own append time is not believed."""
    max_record_bytes: int = 65_536

    def __post_init__(self) -> None:
        lengths = [interval_us(interval) for interval in self.intervals]
        if not lengths or len(set(lengths)) != len(lengths):
            raise ValueError(f"expected one or more intervals of different lengths, found {self.intervals}")
        if not 0 <= self.lateness_us <= self.kept_window_us:
            raise ValueError(f"expected 0 <= lateness <= kept window, found {self.lateness_us} and {self.kept_window_us} us")
        if self.max_future_us < 0 or self.max_record_bytes <= 0:
            raise ValueError(f"expected positive limits, found {self.max_future_us} us and {self.max_record_bytes} bytes")
        open_windows = sum(self.lateness_us // length + 2 for length in lengths)
        if open_windows > OPEN_WINDOWS_MAX:
            raise ValueError(f"expected at most {OPEN_WINDOWS_MAX} open windows of a symbol, found up to {open_windows}")

    def by_length(self) -> list[tuple[str, int]]:
        """Return the intervals and their lengths in microseconds, shortest first."""
        return sorted(((interval, interval_us(interval)) for interval in self.intervals), key=lambda pair: pair[1])

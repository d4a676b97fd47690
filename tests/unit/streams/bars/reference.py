"""The rules of bars once more, tick by tick: every window keeps all its ticks, and each bar is computed from them anew."""

from dataclasses import dataclass, field

from schemas.codec import Codec, CodecError
from schemas.events.market import BarClosed, ClockAdvanced, Tick
from schemas.ids import derived_id
from schemas.values import MICROS_MIN
from streams.bars.settings import BarsSettings
from streams.fold import InputRecord


@dataclass
class Refused:
    code: str
    offset: int


@dataclass
class ReferenceWindow:
    start: int
    end: int
    interval: str
    ticks: list[Tick] = field(default_factory=list)
    closed: bool = False
    revision: int = 0

    def trades(self) -> list[Tick]:
        # sorted() is stable: at the same time and sequence, arrival decides
        return sorted((t for t in self.ticks if t.price_eligible), key=lambda t: (t.event_time, t.sequence))


class ReferenceBars:
    def __init__(self, codec: Codec, settings: BarsSettings) -> None:
        self._codec = codec
        self._settings = settings
        self._watermarks: dict[tuple[str, str], int] = {}
        self._clocks: dict[str, int] = {}
        self._windows: dict[tuple[str, str], dict[tuple[int, int], ReferenceWindow]] = {}

    def fold(self, record: InputRecord) -> list[BarClosed | Refused]:
        if len(record.value or b"") > self._settings.max_record_bytes:
            return [Refused("oversize", record.offset)]
        try:
            event = self._codec.decode(record.value)
        except CodecError as error:
            return [Refused(error.code, record.offset)]
        latest = record.timestamp * 1000 + self._settings.max_future_us
        if isinstance(event, ClockAdvanced):
            if event.at > latest and event.reason != "ended":
                return [Refused("future", record.offset)]
            return self._clock(event)
        if not isinstance(event, Tick) or record.key != event.symbol.encode():
            return [Refused("bad_value", record.offset)]
        if max(event.price, event.size) > 1e150 or event.event_time < MICROS_MIN + self._settings.by_length()[-1][1]:
            return [Refused("bad_value", record.offset)]
        if event.event_time > latest:
            return [Refused("future", record.offset)]
        return self._tick(event, record.offset)

    def _tick(self, tick: Tick, offset: int) -> list[BarClosed | Refused]:
        group = (tick.source, tick.symbol)
        before = self._watermark(group)
        if before is not None and tick.event_time < before - self._settings.kept_window_us:
            return [Refused("too_late", offset)]
        windows = self._windows.setdefault(group, {})
        bars = []
        for interval, length in self._settings.by_length():
            start = tick.event_time // length * length
            window = windows.setdefault((length, start), ReferenceWindow(start, start + length, interval))
            window.ticks.append(tick)
            if before is not None and window.end + self._settings.lateness_us <= before:
                window.closed = True
                bars += self._bar(group, window)
        self._watermarks[group] = max(tick.event_time, self._watermarks.get(group, tick.event_time))
        return bars + self._close([group])

    def _clock(self, clock: ClockAdvanced) -> list[BarClosed | Refused]:
        if clock.symbols:
            groups = [(clock.source, symbol) for symbol in clock.symbols]
            for group in groups:
                self._watermarks[group] = max(clock.at, self._watermarks.get(group, clock.at))
        else:
            groups = [group for group in self._windows if group[0] == clock.source]
            self._clocks[clock.source] = max(clock.at, self._clocks.get(clock.source, clock.at))
        return self._close(groups)

    def _watermark(self, group: tuple[str, str]) -> int | None:
        known = [at for at in (self._watermarks.get(group), self._clocks.get(group[0])) if at is not None]
        return max(known, default=None)

    def _close(self, groups: list[tuple[str, str]]) -> list[BarClosed | Refused]:
        due = []
        for group in set(groups):
            watermark = self._watermark(group)
            for (length, start), window in self._windows.get(group, {}).items():
                if not window.closed and watermark is not None and window.end + self._settings.lateness_us <= watermark:
                    due.append((length, start, group, window))
        bars = []
        for *_, group, window in sorted(due, key=lambda d: d[:3]):
            window.closed = True
            bars += self._bar(group, window)
        return bars

    def _bar(self, group: tuple[str, str], window: ReferenceWindow) -> list[BarClosed | Refused]:
        trades = window.trades()
        if trades:
            prices = [t.price for t in trades]
        else:
            earlier = self._price_before(group, window)
            if earlier is None:
                return []
            prices = [earlier]
        volume = notional = size = 0.0
        for tick in window.ticks:
            volume += tick.size
            if tick.price_eligible:
                notional += tick.price * tick.size
                size += tick.size
        revision, window.revision = window.revision, window.revision + 1
        source, symbol = group
        bar = BarClosed(
            id=derived_id("market.bar", source, symbol, window.interval, window.start, revision),
            symbol=symbol,
            interval=window.interval,
            start=window.start,
            end=window.end,
            open=prices[0],
            high=max(prices),
            low=min(prices),
            close=prices[-1],
            volume=volume,
            vwap=min(max(notional / size, min(prices)), max(prices)) if size else prices[-1],
            trades=len(trades),
            revision=revision,
            origin_kind="built",
            source=source,
            available_at=window.end + self._settings.lateness_us,
            inputs=(trades[0].identity(), trades[-1].identity()) if trades else (),
        )
        return [bar]

    def _price_before(self, group: tuple[str, str], window: ReferenceWindow) -> float | None:
        earlier = [
            w
            for w in self._windows[group].values()
            if w.interval == window.interval and w.closed and w.start < window.start and w.trades()
        ]
        return max(earlier, key=lambda w: w.start).trades()[-1].price if earlier else None

"""The state of the features agent: what is in memory, what of it has changed since the last commit, and how it is stored."""

from collections import deque
from collections.abc import Iterator, Mapping

from models.features.engine import FeatureEngine
from schemas.codec import Codec
from schemas.events.market import BarClosed
from streams.features.merge import Merge, Ready, Side, SideEvent, SymbolInputs, TopicClock, WaitingBar
from streams.features.series import Series, SymbolState, dump_clock, dump_waiting, load_clock, load_waiting
from streams.fold import InputRecord


class Memory:
    """Merge, engine and series of one partition number, with their stored form.

    Keys: ``numbers/SYMBOL/INTERVAL`` and ``series/SYMBOL/INTERVAL``, ``sums/SYMBOL`` and ``symbol/SYMBOL``, ``clock/TOPIC/SYMBOL``,
    ``bar/OFFSET`` and ``side/TOPIC/OFFSET`` for what waits.
    """

    def __init__(self, codec: Codec, engine: FeatureEngine, side_topics: tuple[str, ...]) -> None:
        self.merge = Merge(side_topics)
        self._codec = codec
        self._engine = engine
        self._series: dict[tuple[str, str], Series] = {}
        self._symbols: dict[str, SymbolState] = {}
        self._waiting: dict[bytes, bytes] = {}
        """Records that wait, by key, in stored form."""
        self._stored_waiting: set[bytes] = set()
        self._touched_waiting: dict[bytes, None] = {}
        self._intervals: dict[str, list[str]] = {}
        self._changed_series: dict[tuple[str, str], None] = {}
        self._changed_symbols: dict[str, None] = {}
        self._changed_clocks: dict[tuple[str, str], None] = {}

    def series(self, symbol: str, interval: str) -> Series:
        """Return the series of a symbol and interval, a new one where there was none."""
        series = self._series.get((symbol, interval))
        if series is None:
            series = self._keep(symbol, interval, Series(self._engine.slot((symbol, interval))))
        return series

    def symbol(self, symbol: str) -> SymbolState:
        """Return what is known of a symbol."""
        return self._symbols.setdefault(symbol, SymbolState())

    # -- inputs -------------------------------------------------------------------------------------------------------

    def add_clock(self, topic: str, at: int, symbols: tuple[str, ...], *, idle: bool) -> None:
        """Note how far a topic has told."""
        for symbol in self.merge.add_clock(topic, at, symbols, idle=idle):
            self._changed_clocks[topic, symbol] = None

    def add_side(self, topic: str, record: InputRecord, event: SideEvent) -> None:
        """Note an action, a news item or a post."""
        side = self.merge.add_side(topic, record.offset, event)
        self._changed_clocks[topic, event.symbol] = None
        self._wait(_side_key(topic, record.offset), dump_waiting(side.effective_at, record.value or b""))

    def add_bar(self, record: InputRecord, event: BarClosed) -> None:
        """Note a bar."""
        bar = self.merge.add_bar(record.offset, event)
        self._wait(_bar_key(record.offset), dump_waiting(bar.effective_at, record.value or b""))

    def take_ready(self) -> Iterator[Ready]:
        """Take the bars whose time has come, with what became available before them."""
        for ready in self.merge.ready():
            self._wait(_bar_key(ready.bar.offset), None)
            for side in ready.sides:
                self._wait(_side_key(self.merge.side_topics[side.rank], side.offset), None)
            yield ready

    def observed(self, symbol: str, event_id: str) -> None:
        """Note that an action, a news item or a post was folded: the next features of every interval name it."""
        for interval in self._intervals.get(symbol, ()):
            self._series[symbol, interval].inputs.append(event_id)
            self._changed_series[symbol, interval] = None
        self._changed_symbols[symbol] = None

    def folded(self, bar: BarClosed, effective_at: int, series: Series) -> None:
        """Note that a bar was folded and its features were made."""
        series.last_end, series.last_effective_at = bar.end, effective_at
        series.inputs = []
        self._changed_series[bar.symbol, bar.interval] = None

    # -- stored form --------------------------------------------------------------------------------------------------

    def drain(self) -> dict[bytes, bytes | None]:
        """Return what changed since the last call, in stored form."""
        changes: dict[bytes, bytes | None] = {}
        for symbol, interval in self._changed_series:
            series = self._series[symbol, interval]
            changes[f"numbers/{symbol}/{interval}".encode()] = self._engine.dump(series.slot)
            changes[f"series/{symbol}/{interval}".encode()] = series.dump()
        for symbol in self._changed_symbols:
            changes[f"sums/{symbol}".encode()] = self._engine.dump_symbol(symbol)
            changes[f"symbol/{symbol}".encode()] = self.symbol(symbol).dump()
        for topic, symbol in self._changed_clocks:
            changes[f"clock/{topic}/{symbol}".encode()] = dump_clock(self.merge.clocks.get((topic, symbol), TopicClock()))
        changes.update(self._drain_waiting())
        self._changed_series, self._changed_symbols, self._changed_clocks = {}, {}, {}
        return changes

    def _wait(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            del self._waiting[key]
        else:
            self._waiting[key] = value
        self._touched_waiting[key] = None

    def _drain_waiting(self) -> dict[bytes, bytes | None]:
        """Return what began to wait and still does, and what was stored as waiting and does no more."""
        changes: dict[bytes, bytes | None] = {}
        for key in self._touched_waiting:
            if key in self._waiting:
                changes[key] = self._waiting[key]
                self._stored_waiting.add(key)
            elif key in self._stored_waiting:
                changes[key] = None
                self._stored_waiting.discard(key)
        self._touched_waiting = {}
        return changes

    def _keep(self, symbol: str, interval: str, series: Series) -> Series:
        self._series[symbol, interval] = series
        self._intervals.setdefault(symbol, []).append(interval)
        return series

    def restore(self, state: Mapping[bytes, bytes]) -> None:
        """Take over stored state."""
        for key, value in state.items():
            kind, _, name = key.decode().partition("/")
            getattr(self, f"_restore_{kind}")(name, value)
        for inputs in self.merge.symbols.values():
            inputs.bars = deque(sorted(inputs.bars, key=lambda bar: bar.offset))
            inputs.bars_at = max([inputs.bars_at, *(bar.effective_at for bar in inputs.bars)])
            inputs.sides.sort()  # a sorted list is a heap
        self._stored_waiting = set(self._waiting)

    def _restore_numbers(self, name: str, value: bytes) -> None:
        symbol, interval = name.split("/")
        self._engine.load((symbol, interval), value)

    def _restore_series(self, name: str, value: bytes) -> None:
        symbol, interval = name.split("/")
        series = self._keep(symbol, interval, Series.load(self._engine.slot((symbol, interval)), value))
        inputs = self.merge.symbols.setdefault(symbol, SymbolInputs())
        inputs.bars_at = max(inputs.bars_at, series.last_effective_at)

    def _restore_sums(self, name: str, value: bytes) -> None:
        self._engine.load_symbol(name, value)

    def _restore_symbol(self, name: str, value: bytes) -> None:
        self._symbols[name] = SymbolState.load(value)

    def _restore_clock(self, name: str, value: bytes) -> None:
        topic, symbol = name.split("/")
        self.merge.clocks[topic, symbol] = load_clock(value)

    def _restore_bar(self, name: str, value: bytes) -> None:
        effective_at, data = load_waiting(value)
        bar = self._codec.decode(data)
        if isinstance(bar, BarClosed):
            inputs = self.merge.symbols.setdefault(bar.symbol, SymbolInputs())
            inputs.bars.append(WaitingBar(effective_at, int(name), bar))
            self._waiting[_bar_key(int(name))] = value

    def _restore_side(self, name: str, value: bytes) -> None:
        topic, offset = name.split("/")
        effective_at, data = load_waiting(value)
        event = self._codec.decode(data)
        if isinstance(event, SideEvent):
            rank = self.merge.side_topics.index(topic)
            self.merge.symbols.setdefault(event.symbol, SymbolInputs()).sides.append(Side(effective_at, rank, int(offset), event))
            self._waiting[_side_key(topic, int(offset))] = value


def _bar_key(offset: int) -> bytes:
    return b"bar/%d" % offset


def _side_key(topic: str, offset: int) -> bytes:
    return f"side/{topic}/{offset}".encode()

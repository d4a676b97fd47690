"""Windows to records of market.bars."""

from collections.abc import Sequence

from schemas.codec import Codec
from schemas.events.market import BarClosed
from schemas.headers import event_headers
from schemas.ids import derived_id
from schemas.topics import BARS
from streams.bars.groups import Groups, Names
from streams.bars.settings import BarsSettings
from streams.bars.windows import Window
from streams.fold import Output


class BarWriter:
    """Encodes bars. The plain records it makes are valid events by construction: nothing is validated again."""

    def __init__(self, codec: Codec, settings: BarsSettings, groups: Groups, recordings: Names) -> None:
        self._codec = codec
        self._intervals: Sequence[tuple[str, int]] = settings.by_length()
        self._lateness_us = settings.lateness_us
        self._groups = groups
        self._recordings = recordings

    def output(self, window: Window) -> Output:
        """Return the bar of a window that has a price: of its own trades, or carried over."""
        group, place = divmod(window.slot, len(self._intervals))
        interval, length = self._intervals[place]
        source, symbol = self._groups.sources[group], self._groups.symbols[group]
        end = window.start + length
        bar_id = derived_id(BarClosed.TYPE, source, symbol, interval, window.start, window.revision)
        record = {
            "id": bar_id,
            "symbol": symbol,
            "interval": interval,
            "start": window.start,
            "end": end,
            "open": window.first_price,
            "high": window.high,
            "low": window.low,
            "close": window.last_price,
            "volume": window.volume,
            "vwap": vwap(window),
            "trades": window.trades,
            "revision": window.revision,
            "origin_kind": "built",
            "source": source,
            "available_at": end + self._lateness_us,
            "inputs": self._inputs(source, window),
        }
        headers = event_headers(BarClosed.TYPE, bar_id, "/autotrader/bars", end)
        return Output(BARS, symbol.encode(), self._codec.encode_record(BarClosed.TYPE, record), headers)

    def _inputs(self, source: str, window: Window) -> tuple[str, ...]:
        if not window.trades:
            return ()
        names = self._recordings.names
        return (
            f"{source}/{names[window.first_recording]}/{window.first_sequence}",
            f"{source}/{names[window.last_recording]}/{window.last_sequence}",
        )


def vwap(window: Window) -> float:
    """Return the volume-weighted price of the eligible trades, the close where they have no size.

    Sums are rounded, so it is held between low and high.
    """
    if not window.eligible_size:
        return window.last_price
    return min(max(window.notional / window.eligible_size, window.low), window.high)


def carried(window: Window, price: float) -> Window:
    """Return a window without a price of its own at the last price before it."""
    return window._replace(first_price=price, high=price, low=price, last_price=price)

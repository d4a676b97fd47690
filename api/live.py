"""New recommendations for any number of listening clients: one poller of the read model, fanned out.

The poller runs while somebody listens. What became visible is rendered once and handed to the queue of every client that
asked for it. A client that resumes reads what it missed from the read model itself, then joins the others: no event is
left out in between, and none comes twice.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from typing import Any

import orjson

from api.deps import LiveSettings
from api.errors import UnavailableError
from api.ports import Clock, RecommendationReads
from api.rendering import shown
from projections.paging import Place
from projections.ports import StoreError
from projections.views.recommendations import RecommendationRow

log = logging.getLogger(__name__)

_BACKOFF_MAX_S = 2.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which recommendations a client listens for; empty or None: all."""

    symbols: frozenset[str] = frozenset()
    action: str | None = None
    interval: str | None = None
    min_confidence: float = 0.0

    def matches(self, fields: dict[str, Any]) -> bool:
        """Return whether a rendered recommendation is one of them."""
        return (
            (not self.symbols or fields["symbol"] in self.symbols)
            and self.action in (None, fields["action"])
            and self.interval in (None, fields["interval"])
            and fields["confidence"] >= self.min_confidence
        )


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """A recommendation on its way to clients, with its place in the log."""

    partition: int
    offset: int
    fields: dict[str, Any]
    frame: bytes


class Subscription:
    """The queue of one client. ``None`` in it says that nothing follows."""

    def __init__(self, wanted: Wanted, size: int) -> None:
        self.wanted = wanted
        self.queue: asyncio.Queue[LiveEvent | None] = asyncio.Queue(size + 1)
        self._size = size
        self.ended = False

    def offer(self, event: LiveEvent) -> bool:
        """Hand over an event that is wanted; False where the client is too slow, which ends it."""
        if self.ended or not self.wanted.matches(event.fields):
            return True
        if self.queue.qsize() >= self._size:
            self.end()
            return False
        self.queue.put_nowait(event)
        return True

    def end(self) -> None:
        """Let the client read what waits for it, and no more."""
        if not self.ended:
            self.ended = True
            self.queue.put_nowait(None)


class LiveFeed:
    """The poller and its clients."""

    def __init__(self, reads: RecommendationReads, clock: Clock, settings: LiveSettings) -> None:
        self.settings = settings
        self._reads = reads
        self._clock = clock
        self._subscriptions: set[Subscription] = set()
        self._poller: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self.closed = False
        self.place: Place | None = None
        """Up to where every client was served."""

    @property
    def clients(self) -> int:
        """How many clients listen."""
        return len(self._subscriptions)

    async def subscribe(self, wanted: Wanted) -> Subscription:
        """Return a subscription to all that becomes visible from now on; UnavailableError or StoreUnavailable otherwise."""
        if self.closed or self.clients >= self.settings.clients_max:
            found = "a server that is stopping" if self.closed else f"{self.clients}"
            raise UnavailableError(f"expected fewer than {self.settings.clients_max} listening clients, found {found}")
        async with self._starting:
            if self._poller is None or self._poller.done():
                self.place = await self._reads.newest_place()
                self._poller = asyncio.create_task(self._poll(self.place), name="live-recommendations")
            subscription = Subscription(wanted, self.settings.queue)
            self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a client."""
        self._subscriptions.discard(subscription)

    def within(self, place: Place) -> Place:
        """Return a place that is not past the end: one that was given out by another log would otherwise wait for ever."""
        if self.place is None:
            return place
        ends = self.place.next_offsets
        return Place({partition: min(offset, ends.get(partition, 0)) for partition, offset in place.next_offsets.items()})

    def events(self, rows: Iterable[RecommendationRow], place: Place) -> list[LiveEvent]:
        """Return rows that follow a place as events, by time; each carries a place behind it and all before it, to resume from."""
        now = self._clock()
        events = []
        for row in _resumable(rows):
            place = place.after(row.partition, row.offset)
            events.append(_event(row, now, place))
        return events

    def close(self) -> None:
        """End every client and the poller."""
        self.closed = True
        self._end_all()
        if self._poller is not None:
            self._poller.cancel()

    async def _poll(self, place: Place) -> None:
        failures = 0
        try:
            while self._subscriptions or self._starting.locked():
                try:
                    following = await self._reads.following(place, self.settings.page)
                except StoreError as error:
                    failures += 1
                    if failures == 1:
                        log.warning("live recommendations wait for the read model: %s", error)
                    await asyncio.sleep(min(_BACKOFF_MAX_S, self.settings.poll_s * 2**failures))
                    continue
                failures = 0
                for event in self.events(following.items, place):
                    self._publish(event)
                self.place = place = following.place
                if len(following.items) < self.settings.page:
                    await asyncio.sleep(self.settings.poll_s)
        finally:
            self._end_all()

    def _end_all(self) -> None:
        for subscription in self._subscriptions:
            subscription.end()

    def _publish(self, event: LiveEvent) -> None:
        for subscription in list(self._subscriptions):
            if not subscription.offer(event):
                log.warning("a listening client was too slow, and is closed", extra={"waiting": self.settings.queue})
                self._subscriptions.discard(subscription)


def _resumable(rows: Iterable[RecommendationRow]) -> Iterator[RecommendationRow]:
    """Yield rows by time of decision, but those of a partition in its own order: a place says only how far a partition was read."""
    by_partition: dict[int, list[RecommendationRow]] = {}
    for row in rows:
        by_partition.setdefault(row.partition, []).append(row)
    in_order = (sorted(part, key=lambda row: row.offset) for part in by_partition.values())
    return merge(*in_order, key=lambda row: (row.decided_at, row.id))


def _event(row: RecommendationRow, now: int, place: Place) -> LiveEvent:
    frame = b"id: %b\nevent: recommendation\ndata: %b\n\n" % (place.text().encode(), shown(row, now))
    return LiveEvent(row.partition, row.offset, orjson.loads(row.body), frame)

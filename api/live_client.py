"""What one listening client is sent: what it missed, then what comes, and a sign of life in between."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable

from api.errors import UnavailableError
from api.live import LiveEvent, LiveFeed, Subscription, Wanted
from api.ports import Clock, RecommendationReads
from projections.paging import Place
from projections.ports import StoreError
from schemas.values import iso

log = logging.getLogger(__name__)


class LiveClient:
    """One client of the feed. ``start`` before the answer begins, ``stop`` when it is over."""

    def __init__(self, feed: LiveFeed, reads: RecommendationReads, clock: Clock, wanted: Wanted) -> None:
        self._feed = feed
        self._reads = reads
        self._clock = clock
        self._wanted = wanted
        self._subscription: Subscription | None = None
        self._from: Place | None = None
        self._seen: dict[int, int] = {}
        """Offset of the last event that catching up has read, by partition: the queue may hold it once more."""

    async def start(self) -> None:
        """Take a place among the clients; UnavailableError or StoreUnavailable where there is none."""
        self._subscription = await self._feed.subscribe(self._wanted)
        self._from = self._feed.place

    def stop(self) -> None:
        """Give the place back."""
        if self._subscription is not None:
            self._feed.unsubscribe(self._subscription)

    async def chunks(self, after: Place | None) -> AsyncIterator[bytes]:
        """Yield server-sent events from a place on, or from now on; ends when the server ends the client."""
        yield b"retry: %d\n%b" % (int(self._feed.settings.retry_s * 1000), self._comment(self._from if after is None else None))
        try:
            if after is not None:
                async for chunk in self._missed(self._feed.within(after)):
                    yield chunk
        except (StoreError, UnavailableError) as error:
            log.warning("a listening client cannot be told what it missed, and is closed: %s", error)
            return
        while (events := await self._next_events()) is not None:
            yield _frames(events) or self._sign_of_life()

    async def _missed(self, place: Place) -> AsyncIterator[bytes]:
        """Yield what follows a place, from the read model, until the queue holds the rest."""
        while True:
            following = await self._reads.following(place, self._feed.settings.page)
            events = self._feed.events(following.items, place)
            self._seen.update((event.partition, event.offset) for event in events)
            yield _frames(event for event in events if self._wanted.matches(event.fields))
            place = following.place
            if len(events) >= self._feed.settings.page:
                continue
            if self._subscription is None or not self._subscription.ended or self._feed.closed:
                return
            self.stop()  # the queue overflowed on a long way up: take a new one, and read the rest from here
            await self.start()

    async def _next_events(self) -> list[LiveEvent] | None:
        """Return what waits, nothing after a quiet while, None at the end."""
        assert self._subscription is not None, "started before"
        queue = self._subscription.queue
        try:
            async with asyncio.timeout(self._feed.settings.heartbeat_s):
                first = await queue.get()
        except TimeoutError:
            return []
        waiting = [first, *(queue.get_nowait() for _ in range(queue.qsize()))]
        events = [event for event in waiting if event is not None]
        if not events:
            return None
        if len(events) < len(waiting):
            queue.put_nowait(None)  # the end comes after what waited
        return [event for event in events if event.offset > self._seen.get(event.partition, -1)]

    def _sign_of_life(self) -> bytes:
        """Return a comment; where nothing waits, its id moves the client past what it did not ask for."""
        waits = self._subscription is not None and not self._subscription.queue.empty()
        return self._comment(None if waits else self._feed.place)

    def _comment(self, place: Place | None) -> bytes:
        at = b"" if place is None else b"id: %b\n" % place.text().encode()
        return b"%b: %b\n\n" % (at, iso(self._clock()).encode())


def _frames(events: Iterable[LiveEvent]) -> bytes:
    return b"".join(event.frame for event in events)

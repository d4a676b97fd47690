"""The stream, asked as a server asks the application: event by event."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
import pytest

from api.deps import ApiSettings, LiveSettings
from tests.fakes.read_models import MemoryReads
from tests.unit.api.building import HOSTS, NOW, Built, Client, recommendation

STREAM = "/api/v1/stream/recommendations"
FAST = LiveSettings(poll_s=0.002, page=3, queue=50, clients_max=3, heartbeat_s=0.05)


@dataclass
class Listener:
    """One client of the stream."""

    app: Any
    query: str = ""
    last_event_id: str | None = None
    status: int = 0
    text: str = ""
    reads: bool = True
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[None] | None" = None

    async def __aenter__(self) -> Self:
        headers = [(b"host", b"localhost")]
        if self.last_event_id is not None:
            headers.append((b"last-event-id", self.last_event_id.encode()))
        scope = {"type": "http", "asgi": {"version": "3.0"}, "method": "GET", "path": STREAM, "headers": headers}
        self.task = asyncio.create_task(self.app({**scope, "query_string": self.query.encode()}, self._receive, self._send))
        await self.until(lambda: self.status != 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.gone.set()
        assert self.task is not None
        await asyncio.wait_for(self.task, 5)

    async def _receive(self) -> dict[str, str]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            await self.until(lambda: self.reads)
            self.text += message.get("body", b"").decode()

    async def until(self, holds: Any) -> None:
        async with asyncio.timeout(5):
            while not holds():  # noqa: ASYNC110  (what is waited for is the other side's)
                await asyncio.sleep(0.001)

    @property
    def events(self) -> list[dict[str, Any]]:
        """What came: the fields of each event, its data parsed."""
        found = []
        for block in self.text.split("\n\n")[:-1]:
            lines = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
            if "data" in lines:
                found.append({**lines, "data": orjson.loads(lines["data"])})
        return found

    @property
    def ids(self) -> list[str]:
        return [event["data"]["id"] for event in self.events]

    async def heard(self, count: int) -> None:
        await self.until(lambda: len(self.events) >= count)


def streaming(events: int = 0, **live: Any) -> Built:
    settings = ApiSettings(allowed_hosts=HOSTS, live=LiveSettings(**{**vars_of(FAST), **live}))
    return Built(MemoryReads(recommendation(number) for number in range(events)), settings)


def vars_of(settings: LiveSettings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in LiveSettings.__dataclass_fields__}


def numbered(*numbers: int) -> list[str]:
    return [recommendation(number).id for number in numbers]


def test_a_client_hears_what_becomes_visible_after_it_came():
    built = streaming(events=3)

    async def scenario():
        async with Listener(built.app()) as listener:
            for number in range(3, 13):
                built.reads.add(recommendation(number))
            await listener.heard(10)
            return listener

    listener = asyncio.run(scenario())

    assert sorted(listener.ids) == sorted(numbered(*range(3, 13)))
    assert {event["event"] for event in listener.events} == {"recommendation"}
    assert all(event["data"]["stale"] == (recommendation().valid_until <= NOW) for event in listener.events[:1])


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("symbols=MSFT", [1, 3]),
        ("action=SELL", [2, 3]),
        ("symbols=MSFT&action=SELL", [3]),
        ("min_confidence=0.9", []),
        ("interval=1d", []),
    ],
)
def test_a_client_hears_what_it_asked_for(query, numbers):
    built = streaming()

    async def scenario():
        app = built.app()
        async with Listener(app, query) as one, Listener(app) as everything:
            for number in range(4):
                built.reads.add(recommendation(number, symbol=("AAPL", "MSFT")[number % 2], action=("BUY", "SELL")[number // 2]))
            await everything.heard(4)
            await one.heard(len(numbers))
            return one.ids

    assert sorted(asyncio.run(scenario())) == sorted(numbered(*numbers))


def test_many_clients_cost_one_poll():
    built = streaming(poll_s=0.02, clients_max=100)

    async def scenario():
        app = built.app()
        async with asyncio.TaskGroup():
            listeners = [Listener(app) for _ in range(50)]
            for listener in listeners:
                await listener.__aenter__()
            before = built.reads.reads
            await asyncio.sleep(0.1)
            polls = built.reads.reads - before
            built.reads.add(recommendation(0))
            for listener in listeners:
                await listener.heard(1)
                await listener.__aexit__()
            return polls

    assert asyncio.run(scenario()) <= 6


def test_nobody_listening_costs_nothing():
    built = streaming()

    async def scenario():
        async with Listener(built.app()):
            pass
        await asyncio.sleep(0.02)
        before = built.reads.reads
        await asyncio.sleep(0.02)
        return built.reads.reads - before

    assert asyncio.run(scenario()) == 0


@pytest.mark.parametrize("heard", range(1, 9))
def test_a_client_that_comes_back_misses_nothing_and_hears_nothing_twice(heard):
    built = streaming()
    built.reads.partitions = 3

    async def scenario():
        app = built.app()
        async with Listener(app) as first:
            for number in (5, 1, 4, 0, 3, 2, 7, 6, 8):
                built.reads.add(recommendation(number))
            await first.heard(9)
        cut = first.events[:heard]
        for number in range(9, 20):
            built.reads.add(recommendation(number))
        async with Listener(app, last_event_id=cut[-1]["id"]) as second:
            await second.heard(20 - heard)
            built.reads.add(recommendation(20))
            await second.until(lambda: numbered(20)[0] in second.ids)
        return [event["data"]["id"] for event in cut] + second.ids

    ids = asyncio.run(scenario())

    assert sorted(ids) == sorted(numbered(*range(21)))


def test_a_client_that_is_cut_off_before_it_caught_up_is_not_moved_past_what_it_missed():
    built = streaming()

    async def scenario():
        app = built.app()
        async with Listener(app) as first:
            built.reads.add(recommendation(0))
            await first.heard(1)
        for number in range(1, 4):
            built.reads.add(recommendation(number))
        async with Listener(app, last_event_id=first.events[0]["id"]) as second:
            await second.heard(3)
        return second.text

    before_the_first_event = asyncio.run(scenario()).split("\n\n")[0]

    assert before_the_first_event.startswith("retry: ")
    assert "id: " not in before_the_first_event


def test_events_that_come_while_a_client_catches_up_come_once():
    built = streaming(events=40)

    async def scenario():
        app = built.app()
        async with Listener(app) as first:
            built.reads.add(recommendation(40))
            await first.heard(1)
            start = "id: ".join(first.text.split("id: ")[1:2]).split("\n")[0]
        later = iter(range(41, 60))

        def meanwhile():
            number = next(later, None)
            if number is not None:
                built.reads.add(recommendation(number))

        built.reads.before_read = meanwhile
        async with Listener(app, last_event_id=start) as second:
            await second.heard(20)
            await asyncio.sleep(0.05)
            return second.ids

    ids = asyncio.run(scenario())

    assert sorted(ids) == sorted(numbered(*range(40, 60)))


def test_signs_of_life_move_a_client_past_what_it_did_not_ask_for():
    built = streaming()

    async def scenario():
        app = built.app()
        async with Listener(app, "symbols=MSFT") as listener:
            built.reads.add(recommendation(0))
            await listener.until(lambda: listener.text.count("\n: ") >= 3)
        last = listener.text.rstrip("\n").split("id: ")[-1].split("\n")[0]
        reads = built.reads.reads
        async with Listener(app, last_event_id=last) as again:
            built.reads.add(recommendation(1))
            await again.heard(1)
        return listener.events, again.ids, reads

    events, ids, _ = asyncio.run(scenario())

    assert (events, ids) == ([], numbered(1))


def test_a_client_that_does_not_read_is_ended_and_the_others_are_not():
    built = streaming(queue=5)

    async def scenario():
        app = built.app()
        async with Listener(app) as slow, Listener(app) as quick:
            await slow.until(lambda: slow.text != "")
            slow.reads = False
            for number in range(20):
                built.reads.add(recommendation(number))
                await quick.heard(number + 1)
            slow.reads = True
            assert slow.task is not None
            await asyncio.wait_for(asyncio.shield(slow.task), 5)
            return slow, quick, slow.events[-1]["id"], app

    slow, quick, _, _ = asyncio.run(scenario())

    assert len(quick.events) == 20
    assert 0 < len(slow.events) < 20


def test_too_many_clients_are_told_to_come_back():
    built = streaming(clients_max=2)

    async def scenario():
        app = built.app()
        async with Listener(app), Listener(app), Listener(app) as third:
            refused = third.status
        async with Listener(app) as after:
            return refused, after.status

    assert asyncio.run(scenario()) == (503, 200)


def test_a_store_that_comes_back_is_followed_again():
    built = streaming()

    async def scenario():
        async with Listener(built.app()) as listener:
            built.reads.available = False
            await asyncio.sleep(0.02)
            built.reads.add(recommendation(0))
            built.reads.available = True
            await listener.heard(1)
            return listener.ids

    assert asyncio.run(scenario()) == numbered(0)


def test_closing_the_feed_ends_every_stream():
    built = streaming()

    async def scenario():
        app = built.app()
        async with Listener(app) as listener:
            app.state.live.close()
            assert listener.task is not None
            await asyncio.wait_for(asyncio.shield(listener.task), 5)
        async with Listener(app) as late:
            return late.status

    assert asyncio.run(scenario()) == 503


def test_a_place_that_was_not_given_out_is_refused(client: Client):
    answer = client.get(STREAM, headers={"Last-Event-ID": "17"})

    assert (answer.status_code, answer.json()["error"]["details"][0]["location"]) == (422, "header")


def test_the_head_of_a_stream_is_no_stream(client: Client):
    answer = client.request("HEAD", STREAM)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert client.app.state.live.clients == 0

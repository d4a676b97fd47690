"""The server on real ports: what a connection may cost, and how it starts and stops."""

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette

from api.connections import ConnectionLimits
from api.deps import ApiSettings, LiveSettings
from api.server import Address, ServerSettings
from projections.views.recommendations import Page, RecommendationFilter
from tests.integration.api.serving import Served, served
from tests.unit.api.building import Built, recommendation, stocked

LIMITS = ConnectionLimits(connections_max=5, head_s=0.3, head_bytes_max=4_000)


def serving(built: Built | None = None, **settings: object):
    app = built or Built(reads=stocked(), settings=ApiSettings(body_timeout_s=0.3, live=LiveSettings(poll_s=0.01, heartbeat_s=0.1)))

    @asynccontextmanager
    async def opening() -> AsyncIterator[Starlette]:
        yield app.app()

    return served(opening, ServerSettings(**{"limits": LIMITS, **settings}))  # type: ignore[arg-type]


@pytest.fixture
def running() -> Iterator[Served]:
    with serving() as running:
        yield running


@contextmanager
def connected(running: Served) -> Iterator[socket.socket]:
    address = running.addresses[0]
    with socket.create_connection((address.host, address.port), timeout=5) as connection:
        yield connection


def everything(connection: socket.socket) -> bytes:
    """Read until the server closes."""
    received = b""
    while part := connection.recv(65_536):
        received += part
    return received


def test_a_free_port_is_taken_and_told(running: Served):
    [address] = running.addresses

    assert (address.host, address.port > 0) == ("127.0.0.1", True)
    with running.client() as client:
        answer = client.get("/health")
    assert answer.json()["data"]["status"] == "ok"
    assert "server" not in answer.headers


def test_one_application_serves_several_ports():
    with serving(listen=(Address(), Address())) as running:
        ports = {address.port for address in running.addresses}
        answers = [httpx.get(f"{address.url}/health").status_code for address in running.addresses]

    assert (len(ports), answers) == (2, [200, 200])


def test_a_port_that_is_taken_is_an_error_that_names_it(running: Served):
    with pytest.raises(OSError, match=str(running.addresses[0].port)), serving(listen=(Address(), running.addresses[0])):
        pass


def test_a_stopped_server_listens_no_more():
    with serving() as running:
        url = running.url
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_stopping_ends_streams_at_once_and_lets_other_answers_finish():
    built = Built(reads=stocked(), settings=ApiSettings(live=LiveSettings(poll_s=0.01)))
    at_once, asked = built.reads.latest, threading.Event()

    async def slow_latest(filters: RecommendationFilter) -> Page:
        asked.set()
        await asyncio.sleep(0.4)
        return await at_once(filters)

    built.reads.latest = slow_latest
    with serving(built) as running:
        answers: list[int] = []
        slow = threading.Thread(target=lambda: answers.append(httpx.get(f"{running.url}/api/v1/recommendations").status_code))
        with running.client() as client, client.stream("GET", "/api/v1/stream/recommendations") as stream:
            chunks = stream.iter_raw()
            next(chunks)
            slow.start()
            assert asked.wait(10)
            begun = time.monotonic()
            running.stop()
            assert list(chunks) is not None, "the stream ends as streams do"
        slow.join()
        running.thread.join(10)
        took_s = time.monotonic() - begun

    assert answers == [200]
    assert took_s < 3


def test_a_client_that_leaves_a_stream_gives_its_place_back():
    built = Built(reads=stocked(), settings=ApiSettings(live=LiveSettings(poll_s=0.01, heartbeat_s=0.05)))
    with serving(built) as running, running.client() as client:
        for _ in range(3):
            with client.stream("GET", "/api/v1/stream/recommendations") as stream:
                next(stream.iter_raw())
        until = time.monotonic() + 5
        while "api_live_clients 0.0" not in (metrics := client.get("/metrics").text) and time.monotonic() < until:
            time.sleep(0.02)

    assert "api_live_clients 0.0" in metrics


def test_events_arrive_as_they_become_visible():
    built = Built(reads=stocked(), settings=ApiSettings(live=LiveSettings(poll_s=0.01)))
    with serving(built) as running, running.client() as client, client.stream("GET", "/api/v1/stream/recommendations") as stream:
        lines = stream.iter_lines()
        next(lines)
        built.reads.add(recommendation(50))
        data = next(line for line in lines if line.startswith("data: "))

    assert recommendation(50).id in data


def test_a_head_that_does_not_arrive_is_given_up(running: Served):
    with connected(running) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: local")
        begun = time.monotonic()
        answer = everything(connection)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"REQUEST_TIMEOUT" in answer
    assert time.monotonic() - begun < 2


def test_a_head_that_dribbles_is_given_up_all_the_same(running: Served):
    def dribble(connection: socket.socket) -> None:
        for _ in range(100):
            connection.sendall(b"G")
            time.sleep(0.05)

    begun = time.monotonic()
    with connected(running) as connection, pytest.raises(OSError, match=r"Broken pipe|reset"):
        dribble(connection)

    assert time.monotonic() - begun < 3


def test_a_connection_that_asks_nothing_is_closed_without_a_word(running: Served):
    with connected(running) as connection:
        assert everything(connection) == b""


def test_the_second_request_of_a_connection_has_the_same_deadline(running: Served):
    with connected(running) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        first = connection.recv(65_536)
        connection.sendall(b"GET /hea")
        rest = everything(connection)

    assert first.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in rest


def test_a_connection_that_is_kept_alive_is_not_held_to_the_deadline_of_a_head(running: Served):
    connection = http.client.HTTPConnection(running.addresses[0].host, running.addresses[0].port, timeout=5)
    used = set()
    for _ in range(3):
        connection.request("GET", "/health")
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, connection.sock is not None) == (200, True)
        used.add(connection.sock)
        time.sleep(0.4)
    connection.close()

    assert len(used) == 1


def test_an_answer_that_takes_longer_than_a_head_may_is_not_cut_off(running: Served):
    with running.client() as client, client.stream("GET", "/api/v1/stream/recommendations") as stream:
        begun, received = time.monotonic(), 0
        for _ in stream.iter_raw():
            received += 1
            if time.monotonic() - begun > 1:
                break

    assert received > 3


def test_headers_that_are_too_large_are_refused(running: Served):
    with connected(running) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 5_000)
        answer = everything(connection)

    assert answer.startswith(b"HTTP/1.1 431 ")


def test_a_body_that_does_not_arrive_is_given_up(running: Served):
    with connected(running) as connection:
        head = (
            b"POST /recommendations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        connection.sendall(head)
        answer = everything(connection)

    assert answer.startswith(b"HTTP/1.1 408 ")


def test_too_many_connections_are_told_to_come_back():
    patient = replace(LIMITS, head_s=10)  # none of the five may be given up before the sixth comes
    with serving(limits=patient) as running, ExitStack() as idle:
        for _ in range(5):
            idle.enter_context(connected(running))
        with connected(running) as connection:
            answer = everything(connection)

    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: " in answer


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"POST /recommendations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
        b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    ],
)
def test_requests_that_are_none_are_refused(running: Served, request_bytes):
    with connected(running) as connection:
        connection.sendall(request_bytes)
        connection.shutdown(socket.SHUT_WR)
        answer = everything(connection)

    assert answer.startswith(b"HTTP/1.1 400 ")


def test_what_proxies_would_say_is_not_believed(running: Served):
    with running.client() as client:
        answer = client.get("/health", headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"})

    assert answer.status_code == 200

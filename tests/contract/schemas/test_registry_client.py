import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from schemas.registry import committed_catalogue
from schemas.registry_client import RegistryClient, RegistryRefusedError, RegistryUnavailableError, register_catalogue
from tests.contract.registry import ReadOnlyRegistryContract, RegistryContract
from tests.fakes.registry import MemoryRegistry, serving


class TestMemoryRegistry(RegistryContract):
    @pytest.fixture
    def client(self) -> Iterator[RegistryClient]:
        with serving(MemoryRegistry()) as url:
            yield RegistryClient(url)


class TestMemoryRegistryWithTheCatalogue(ReadOnlyRegistryContract):
    @pytest.fixture
    def client(self) -> Iterator[RegistryClient]:
        with serving(MemoryRegistry()) as url:
            register_catalogue(RegistryClient(url), committed_catalogue())
            yield RegistryClient(f"{url}/")


@contextmanager
def answering(answer: bytes | None) -> Iterator[str]:
    """A server that gives one answer, or none and keeps the connection open."""
    held = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            held.append(connection)
            if answer is not None:
                connection.recv(65_536)
                connection.sendall(answer)
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()
        for connection in held:
            connection.close()


def http(status: str, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status.encode(), len(body), body)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (http("503 Service Unavailable", b'{"error_code": 50003, "message": "leader not known"}'), "found 503: leader not known"),
        (http("500 Internal Server Error", b"<html>"), "found 500: <html>"),
        (http("429 Too Many Requests", b""), "found 429"),
        (http("200 OK", b"<html>"), "expected JSON, found b'<html>'"),
        (http("200 OK", b'{"schema": 7}'), "expected an answer with schema, found {'schema': 7}"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{", "IncompleteRead|expected an answer|expected JSON"),
        (b"", "expected an answer within 5.0 s, found Remote end closed connection"),
        (b"SSH-2.0-OpenSSH\r\n", "expected an answer within 5.0 s, found"),
    ],
)
def test_a_server_in_trouble_is_unavailable(answer: bytes, message: str) -> None:
    with answering(answer) as url, pytest.raises(RegistryUnavailableError, match=message):
        RegistryClient(url, timeout_s=5.0).schema(1)


def test_no_answer_in_time_is_unavailable() -> None:
    with (
        answering(None) as url,
        pytest.raises(RegistryUnavailableError, match=r"expected an answer within 0\.2 s, found timed out"),
    ):
        RegistryClient(url, timeout_s=0.2).subjects()


def test_nobody_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(RegistryUnavailableError, match=f"GET http://127.0.0.1:{port}/subjects: expected an answer"):
        RegistryClient(f"http://127.0.0.1:{port}").subjects()


def test_a_refusal_without_json_keeps_its_text() -> None:
    with (
        answering(http("401 Unauthorized", b"who are you")) as url,
        pytest.raises(RegistryRefusedError, match="401: who are you") as caught,
    ):
        RegistryClient(url).subjects()

    assert (401, None) == (caught.value.status, caught.value.code)


def test_headers_go_with_every_request() -> None:
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                seen.append(connection.recv(65_536))
                connection.sendall(http("200 OK", b"[]"))

        thread = threading.Thread(target=serve)
        thread.start()
        RegistryClient(f"http://127.0.0.1:{server.getsockname()[1]}", headers={"Authorization": "Bearer t"}).subjects()
        thread.join()

    assert b"Authorization: Bearer t\r\n" in seen[0]


@pytest.mark.parametrize("url", ["", "registry:8080", "file:///etc/passwd", "http://"])
def test_a_url_that_is_not_http_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected a registry URL such as"):
        RegistryClient(url)

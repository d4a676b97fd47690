"""The API's read-only registry paths are a registry, as far as a client that writes nothing can tell."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from schemas.registry import committed_catalogue
from schemas.registry_client import RegistryClient, RegistryRefusedError, register_catalogue
from tests.contract.registry import ReadOnlyRegistryContract
from tests.unit.api.building import Built


@pytest.fixture(scope="module")
def api_url() -> Iterator[str]:
    """The application over memory, on a loopback port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(Built().app(), log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def client(api_url: str) -> RegistryClient:
    return RegistryClient(api_url)


class TestApi(ReadOnlyRegistryContract):
    pass


def test_its_ids_are_the_committed_ones(client: RegistryClient) -> None:
    for version in committed_catalogue().versions:
        assert version.id == client.find_id(version.subject, version.text)


def test_registering_what_it_holds_gives_the_committed_ids(client: RegistryClient) -> None:
    version = committed_catalogue().versions[0]

    assert version.id == client.register(version.subject, version.text)


def test_nothing_can_be_added(client: RegistryClient) -> None:
    with pytest.raises(RegistryRefusedError, match="found 4"):
        client.register("ai.autotrader.Tick", '{"type": "record", "name": "Tick", "namespace": "ai.autotrader", "fields": []}')
    with pytest.raises(RegistryRefusedError, match="found 4"):
        client.set_compatibility("ai.autotrader.Tick", "NONE")


def test_the_whole_catalogue_counts_as_registered(client: RegistryClient) -> None:
    assert committed_catalogue().versions == register_catalogue(client, committed_catalogue()).versions

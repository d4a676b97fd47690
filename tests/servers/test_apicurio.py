"""The registry client against Apicurio Registry."""

import pytest

from schemas.registry import committed_catalogue
from schemas.registry_client import RegistryClient, register_catalogue
from tests.contract.registry import ReadOnlyRegistryContract, RegistryContract

pytestmark = pytest.mark.servers


class TestApicurio(RegistryContract):
    @pytest.fixture
    def client(self, apicurio_url: str) -> RegistryClient:
        return RegistryClient(apicurio_url)


class TestApicurioWithTheCatalogue(ReadOnlyRegistryContract):
    @pytest.fixture
    def client(self, apicurio_url: str) -> RegistryClient:
        client = RegistryClient(apicurio_url)
        register_catalogue(client, committed_catalogue())
        return client

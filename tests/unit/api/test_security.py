import re
from base64 import b64encode
from hashlib import sha256

import pytest

from api.deps import ApiSettings
from tests.unit.api.building import Built, Client


@pytest.mark.parametrize("path", ["/health", "/nothing", "/metrics", "/api/v1/recommendations", "/docs", "/subjects"])
def test_every_answer_forbids_a_browser_what_it_does_not_need(client: Client, path):
    headers = client.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "server" not in headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_no_foreign_origin_may_read(client: Client, origin, method):
    headers = client.request(method, "/api/v1/symbols", headers={"origin": origin}).headers

    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize("host", ["localhost", "localhost:3001", "127.0.0.1:8000", "[::1]:8000", "[::1]", "LOCALHOST"])
def test_loopback_names_are_answered(host):
    with Built(settings=ApiSettings()).client() as client:
        assert client.get("/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example", "[::2]", ""]
)
def test_other_names_are_not_answered(host):
    with Built(settings=ApiSettings()).client() as client:
        answer = client.get("/api/v1/recommendations", headers={"host": host})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "REQUEST_INVALID_HOST")


def test_names_can_be_set(built: Built):
    built.settings = ApiSettings(allowed_hosts=("api.example",))
    with built.client() as client:
        assert client.get("/health", headers={"host": "api.example"}).status_code == 200
        assert client.get("/health", headers={"host": "localhost"}).status_code == 400


def test_the_page_runs_its_own_script_and_no_other(client: Client):
    answer = client.get("/docs")
    policy = answer.headers["content-security-policy"]

    for kind in ("script", "style"):
        [text] = re.findall(f"<{kind}>(.*?)</{kind}>", answer.text, re.DOTALL)
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_the_page_needs_no_other_server(client: Client):
    page = client.get("/docs").text

    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page)
    assert not re.findall(r"\son[a-z]+=", page), "inline handlers would be blocked"

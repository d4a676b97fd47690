"""The application over real stores."""

import json
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from infra.local.stack import EmbeddedStack
from schemas.events.signals import FeaturesComputed, FeatureVector
from schemas.features import FEATURE_NAMES, FEATURE_SET
from schemas.ids import derived_id
from schemas.values import interval_us, iso
from tests.builders import T0, bar
from tests.integration.api.serving import Served, platform
from tests.integration.api.stored import Versions, prepare, store_in_clickhouse, store_in_postgres, versions
from tests.unit.api.building import recommendation

pytestmark = pytest.mark.stack

DAY = interval_us("1d")
EVENTS = [recommendation(number) for number in range(6)]
BARS = [bar(symbol="AAPL", interval="1d", start=T0 + number * DAY, close=100.0 + number, source="daily") for number in range(4)]


def features(number: int) -> FeaturesComputed:
    end = T0 + (number + 1) * DAY
    values = dict.fromkeys(FEATURE_NAMES, 0.5) | {"social_score": float("nan")}
    return FeaturesComputed(
        id=derived_id("signals.features", BARS[number].id),
        symbol="AAPL",
        interval="1d",
        start=end - DAY,
        as_of=end,
        available_at=end,
        bar_id=BARS[number].id,
        source="daily",
        price=100.0 + number,
        volume=10.0,
        feature_set=FEATURE_SET,
        missing=("market.social",),
        inputs=(BARS[number].id,),
        bars_seen=number + 1,
        raw=FeatureVector(**values),
        normalised=FeatureVector(**values),
    )


@pytest.fixture
def read(stack: EmbeddedStack, namespace: str) -> Versions:
    read = versions(namespace)
    prepare(stack, read)
    store_in_postgres(stack, read.recommendations, EVENTS)
    store_in_postgres(stack, read.symbols, BARS)
    store_in_clickhouse(stack, read.bars, BARS)
    store_in_clickhouse(stack, read.features, [features(number) for number in range(4)])
    return read


@pytest.fixture
def running(stack: EmbeddedStack, read: Versions) -> Iterator[Served]:
    with platform(stack, read) as running:
        yield running


@pytest.fixture
def client(running: Served) -> Iterator[httpx.Client]:
    with running.client() as client:
        yield client


def test_what_projections_stored_is_answered(client: httpx.Client):
    newest = client.get("/api/v1/recommendations?limit=2").json()
    [weighed] = client.get("/api/v1/recommendations?limit=1&w_sentiment=0").json()["data"]
    detailed = client.get(f"/api/v1/recommendations/{EVENTS[0].id}").json()["data"]
    [symbol] = client.get("/api/v1/symbols").json()["data"]
    bars = client.get(f"/api/v1/symbols/AAPL/bars?start={iso(T0 + DAY)}&limit=2").json()["data"]
    [computed] = client.get("/api/v1/symbols/AAPL/features?limit=1").json()["data"]
    ready = client.get("/ready").json()["data"]

    assert [one["id"] for one in newest["data"]] == [EVENTS[5].id, EVENTS[4].id]
    assert newest["data"][0]["stale"] is True
    assert weighed["score"] == 0.6
    assert detailed["features"]["raw"]["rsi_14"] == EVENTS[0].raw.rsi_14
    assert (symbol["symbol"], symbol["price"], symbol["series"][0]["bars"]) == ("AAPL", 103.0, 4)
    assert [one["close"] for one in bars] == [102.0, 103.0]
    assert (computed["id"], computed["raw"]["social_score"]) == (features(3).id, None)
    assert ready["ready"] is True


def test_the_engine_judges_the_newest_stored_features(client: httpx.Client):
    [one] = client.post("/recommendations", json={"symbol": "AAPL"}).json()["data"]

    assert (one["features_id"], one["action"], one["price"]) == (features(3).id, "BUY", 103.0)


def test_read_models_that_are_not_built_yet_are_unavailable_and_not_ready(stack: EmbeddedStack, namespace: str):
    with platform(stack, versions(f"{namespace}x")) as running, running.client() as client:
        paths = ("/api/v1/recommendations", "/api/v1/symbols", "/api/v1/symbols/AAPL/bars")
        found = [client.get(path).status_code for path in paths]
        ready = client.get("/ready")

    assert found == [503] * 3
    assert (ready.status_code, ready.json()["error"]["message"]) == (503, "not ready: read models")


def test_a_listener_hears_what_is_stored_and_resumes(stack: EmbeddedStack, read: Versions, running: Served):
    def listen(count: int, then: Callable[[], None] = lambda: None, **headers: str) -> tuple[list[str], str]:
        heard, last = [], ""
        with running.client() as client, client.stream("GET", "/api/v1/stream/recommendations", headers=headers) as answer:
            for number, line in enumerate(answer.iter_lines()):
                if number == 0:
                    then()
                if line.startswith("id: "):
                    last = line[4:]
                if line.startswith("data: "):
                    heard.append(json.loads(line[6:])["id"])
                if len(heard) == count:
                    break
        return heard, last

    first, last = listen(1, lambda: store_in_postgres(stack, read.recommendations, [recommendation(6), recommendation(7)], 6))
    store_in_postgres(stack, read.recommendations, [recommendation(8)], 8)
    rest, _ = listen(2, **{"Last-Event-ID": last})

    assert sorted(first + rest) == sorted(recommendation(number).id for number in (6, 7, 8))


def test_a_killed_postgres_is_a_503_and_then_answers_again(stack: EmbeddedStack, client: httpx.Client):
    assert client.get("/api/v1/recommendations").status_code == 200
    stack.kill("postgres")
    try:
        begun = time.monotonic()
        refused = [client.get(path) for path in ("/api/v1/recommendations?limit=1", "/api/v1/symbols", "/ready")]
        took_s = time.monotonic() - begun
        healthy = client.get("/health")
        bars = client.get("/api/v1/symbols/AAPL/bars")
    finally:
        stack.start("postgres")
    back_s = _until_answered(client, "/api/v1/recommendations?limit=3")

    assert [(one.status_code, "retry-after" in one.headers) for one in refused] == [(503, True)] * 3
    assert refused[0].json()["error"]["code"] == "DEPENDENCY_UNAVAILABLE"
    assert [check["ok"] for check in refused[2].json()["error"]["details"]] == [False, False, True]
    assert (healthy.status_code, bars.status_code) == (200, 200)
    assert took_s < 15
    assert back_s < 10
    assert _until_answered(client, "/ready") < 2, "what /ready found is kept for half a second"


def test_a_killed_clickhouse_is_a_503_for_what_it_holds_only(stack: EmbeddedStack, client: httpx.Client):
    stack.kill("clickhouse")
    try:
        refused = [client.get(f"/api/v1/symbols/AAPL/{series}") for series in ("bars", "features")]
        refused.append(client.post("/recommendations", json={"symbol": "AAPL"}))
        answered = client.get("/api/v1/recommendations")
    finally:
        stack.start("clickhouse")
    _until_answered(client, "/api/v1/symbols/AAPL/bars")

    assert [(one.status_code, "retry-after" in one.headers) for one in refused] == [(503, True)] * 3
    assert answered.status_code == 200


def test_a_restart_between_two_requests_is_not_noticed(stack: EmbeddedStack, client: httpx.Client):
    assert client.get("/api/v1/recommendations").status_code == 200
    stack.stop("postgres")
    stack.start("postgres")

    assert client.get("/api/v1/recommendations?limit=7").status_code == 200


def _until_answered(client: httpx.Client, path: str) -> float:
    """Return after how many seconds a path is answered; each 503 is asked again soon."""
    begun = time.monotonic()
    while client.get(path).status_code != 200:
        assert time.monotonic() - begun < 60
        time.sleep(0.05)
    return time.monotonic() - begun

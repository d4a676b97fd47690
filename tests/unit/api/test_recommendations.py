import orjson
import pytest

from api.deps import ApiSettings
from schemas.values import iso
from tests.builders import MINUTE, T0
from tests.fakes.read_models import MemoryReads
from tests.unit.api.building import HOSTS, NOW, Built, Client, recommendation

LIST = "/api/v1/recommendations"


def test_the_list_is_newest_first_with_its_count_and_the_time_of_the_answer(client: Client):
    answer = client.get(LIST).json()

    decided = [one["decided_at"] for one in answer["data"]]
    assert decided == [iso(T0 + number * MINUTE) for number in range(9, -1, -1)]
    assert answer["meta"] == {"timestamp": iso(NOW), "count": 10}


def test_every_recommendation_is_explained(client: Client):
    for one in client.get(LIST).json()["data"]:
        assert one["explanation"]["summary"]
        assert one["explanation"]["sentences"]
        assert {"valid_until", "stale", "synthetic"} <= one.keys()


@pytest.mark.parametrize(("after_valid_until", "stale"), [(-1, False), (0, True), (1, True)])
def test_a_recommendation_is_stale_from_valid_until_on(after_valid_until, stale):
    event = recommendation()
    with Built(MemoryReads([event]), now=event.valid_until + after_valid_until).client() as client:
        [one] = client.get(LIST).json()["data"]
        detailed = client.get(f"{LIST}/{event.id}").json()["data"]

    assert (one["stale"], detailed["stale"]) == (stale, stale)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("symbols=MSFT", [9, 7, 5, 3, 1]),
        ("symbols=MSFT,TSLA", [9, 7, 5, 3, 1]),
        ("symbols=MSFT&symbols=AAPL", list(range(9, -1, -1))),
        ("action=SELL", []),
        ("min_confidence=0.5&limit=2", [9, 8]),
        ("min_confidence=0.51", []),
        (f"since={iso(T0 + 7 * MINUTE)}", [9, 8, 7]),
        ("since=2013-09-01T04:07:00%2B02:00", [9, 8, 7]),
        ("interval=1d", []),
    ],
)
def test_the_list_is_filtered(client: Client, query, numbers):
    decided = [one["decided_at"] for one in client.get(f"{LIST}?{query}").json()["data"]]

    assert decided == [iso(T0 + number * MINUTE) for number in numbers]


def test_pages_follow_each_other_without_gap_or_repetition(client: Client):
    seen, query = [], "limit=4"
    while query:
        answer = client.get(f"{LIST}?{query}").json()
        seen += [one["id"] for one in answer["data"]]
        cursor = answer["meta"].get("next_cursor")
        query = cursor and f"limit=4&cursor={cursor}"

    assert seen == [recommendation(number).id for number in range(9, -1, -1)]


def test_one_recommendation_brings_its_features(client: Client):
    event = recommendation(3)
    one = client.get(f"{LIST}/{event.id}").json()["data"]

    assert one["id"] == event.id
    assert one["features"]["raw"]["rsi_14"] == event.raw.rsi_14
    assert one["features"]["raw"]["social_reach"] is None, "NaN: not known"


def test_weights_decide_anew_and_leave_what_is_stored(client: Client):
    weighed = client.get(f"{LIST}?limit=1&w_sentiment=0").json()
    stored = client.get(f"{LIST}?limit=1").json()

    [one] = weighed["data"]
    assert weighed["meta"]["weights"] == {"technical": 1.0, "sentiment": 0.0, "social": 1.0}
    assert (one["score"], one["action"]) == (0.6, "BUY")
    assert {family["name"]: family["weight"] for family in one["explanation"]["families"]} == weighed["meta"]["weights"]
    assert "weights" not in stored["meta"]
    assert stored["data"][0]["score"] == recommendation().score


def test_weights_of_one_recommendation_keep_its_features(client: Client):
    one = client.get(f"{LIST}/{recommendation(3).id}?w_technical=0&w_sentiment=2").json()

    assert one["data"]["score"] == -1.0
    assert one["data"]["features"]["raw"].keys() == one["data"]["features"]["contributions"].keys()
    assert one["meta"]["weights"]["sentiment"] == 2.0


def test_filters_judge_what_the_weights_make_of_a_recommendation(built: Built):
    built.reads.add(recommendation(20, families=(recommendation().families[0].model_copy(update={"score": -2.0}),)))
    with built.client() as client:
        sold = client.get(f"{LIST}?action=SELL&w_sentiment=0").json()
        bought = client.get(f"{LIST}?action=BUY&w_sentiment=0&limit=4").json()

    assert [one["id"] for one in sold["data"]] == [recommendation(20).id]
    assert [one["id"] for one in bought["data"]] == [recommendation(number).id for number in (9, 8, 7, 6)]


def test_pages_with_weights_follow_each_other_too(client: Client):
    first = client.get(f"{LIST}?action=BUY&w_sentiment=0&limit=4").json()
    second = client.get(f"{LIST}?action=BUY&w_sentiment=0&limit=4&cursor={first['meta']['next_cursor']}").json()

    assert [one["id"] for one in second["data"]] == [recommendation(number).id for number in (5, 4, 3, 2)]


def test_weights_need_no_loaded_model(built: Built):
    built.predictors = {}
    with built.client() as client:
        assert client.get(f"{LIST}?w_social=2").status_code == 200


@pytest.mark.parametrize(
    "path", [f"{LIST}/00000000-0000-0000-0000-000000000000", f"{LIST}/00000000-0000-0000-0000-000000000000?w_social=1"]
)
def test_an_unknown_id_is_not_found(client: Client, path):
    answer = client.get(path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "RESOURCE_NOT_FOUND")


def test_a_foreign_cursor_is_refused(client: Client):
    answer = client.get(f"{LIST}?cursor=abc")

    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["field"] == "cursor"


def test_identical_lists_of_a_moment_share_one_read_but_not_their_staleness(built: Built):
    built.settings = ApiSettings(allowed_hosts=HOSTS, cache_s=60)
    built.now = recommendation(9).valid_until - 1
    with built.client() as client:
        fresh = client.get(f"{LIST}?limit=1").json()["data"][0]["stale"]
        built.now += 1
        later = client.get(f"{LIST}?limit=1").json()["data"][0]["stale"]
        client.get(f"{LIST}?limit=2")

    assert (fresh, later, built.reads.reads) == (False, True, 2)


def test_what_is_stored_is_sent_as_it_is(built: Built):
    with built.client() as client:
        body = client.get(f"{LIST}?limit=1").content
    [row] = built.client().run(built.reads.latest(_newest())).items

    assert orjson.dumps(orjson.loads(row.body))[1:] in body


def _newest():
    from projections.views.recommendations import RecommendationFilter  # noqa: PLC0415

    return RecommendationFilter(limit=1)

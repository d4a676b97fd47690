import pytest

from projections.ports import StoreUnavailable
from schemas.features import FEATURE_NAMES
from schemas.values import iso
from tests.builders import T0
from tests.unit.api.building import NOW, Built, Client, feature_row, predictor

ENGINE = "/recommendations"


def given(value: float = 1.0, **changes):
    values = dict.fromkeys(FEATURE_NAMES, value)
    return {"symbol": "AAPL", "interval": "1d", "price": 10.0, "raw": values, "normalised": values, **changes}


def test_a_symbol_is_judged_by_its_newest_stored_features(client: Client):
    answer = client.post(ENGINE, json={"symbol": "AAPL", "interval": "1d"}).json()

    [one] = answer["data"]
    assert (one["symbol"], one["features_id"], one["action"]) == ("AAPL", feature_row(4).id, "BUY")
    assert one["explanation"]["sentences"]
    assert one["synthetic"] is True
    assert answer["meta"]["count"] == 1


def test_given_features_are_judged_in_their_order(client: Client):
    answer = client.post(ENGINE, json={"features": [given(1.0), given(-1.0), given(0.0), {"symbol": "AAPL"}]}).json()

    assert [one["action"] for one in answer["data"]] == ["BUY", "SELL", "HOLD", "BUY"]
    assert [one["price"] for one in answer["data"]] == [10.0, 10.0, 10.0, 100.0]
    assert answer["data"][2]["explanation"]["held_back"][0]["reason"] == "threshold"


def test_given_features_are_of_now_unless_stated(client: Client):
    one, other = client.post(ENGINE, json={"features": [given(), given(as_of=iso(T0))]}).json()["data"]

    assert (one["decided_at"], other["decided_at"]) == (iso(NOW), iso(T0))


def test_the_same_features_give_the_same_answer(client: Client):
    body = {"features": [given(as_of=iso(T0), missing=["market.news"])], "weights": {"technical": 0.5}}

    assert client.post(ENGINE, json=body).json()["data"] == client.post(ENGINE, json=body).json()["data"]


def test_other_features_are_another_recommendation(client: Client):
    body = {"features": [given(1.0, as_of=iso(T0)), given(1.1, as_of=iso(T0)), given(1.0, as_of=iso(T0), price=11.0)]}

    assert len({one["id"] for one in client.post(ENGINE, json=body).json()["data"]}) == 3


def test_contributions_and_base_sum_to_the_score(client: Client):
    [one] = client.post(ENGINE, json={"features": [given(0.5)]}).json()["data"]

    total = one["explanation"]["base_score"] + sum(one["features"]["contributions"].values())
    assert total == pytest.approx(one["score"], abs=1e-6)


def test_features_that_are_left_out_are_not_known(client: Client):
    [one] = client.post(ENGINE, json={"features": [given(raw={"rsi_14": 20.0}, normalised={"rsi_14": None})]}).json()["data"]

    assert one["features"]["raw"]["macd"] is None
    assert one["features"]["normalised"]["rsi_14"] is None
    assert one["action"] == "HOLD"
    assert one["explanation"]["held_back"][0]["reason"] == "missing_data"


def test_weights_are_applied_and_stated(client: Client):
    answer = client.post(ENGINE, json={"features": [given(1.0)], "weights": {"technical": 0.0}}).json()

    assert answer["data"][0]["explanation"]["families"][0]["contribution"] == 0.0
    assert answer["meta"]["weights"] == {"technical": 0.0, "sentiment": 1.0, "social": 1.0}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, ""),
        ({"symbol": "AAPL", "features": [given()]}, ""),
        ({"features": []}, ""),
        ({"features": [given()] * 51}, "features"),
        ({"symbol": "AAPL", "account": 1}, "account"),
        ({"symbol": "aapl"}, "symbol"),
        ({"symbol": "NONE"}, "symbol"),
        ({"symbol": "AAPL", "interval": "1m"}, "symbol"),
        ({"features": [given(), {"symbol": "NONE"}]}, "features.1"),
        ({"features": [given(price=-1)]}, "features.0.price"),
        ({"features": [given(raw={"rsi_15": 1.0})]}, "features.0.raw.rsi_15"),
        ({"features": [given(raw=None)]}, "features.0"),
        ({"features": [{"symbol": "AAPL", "as_of": iso(T0)}]}, "features.0"),
        ({"features": [given(as_of=iso(T0 - 1))]}, "features.0"),
        ({"features": [given(interval="5m")]}, "features.0"),
        ({"symbol": "AAPL", "weights": {"technical": 9}}, "weights.technical"),
        ({"symbol": "AAPL", "weights": {"macro": 1}}, "weights.macro"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_its_place(client: Client, body, field):
    answer = client.post(ENGINE, json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert [one["field"] for one in answer.json()["error"]["details"]] == [field]


def test_an_unknown_field_is_told_which_are_known(client: Client):
    answer = client.post(ENGINE, json={"symbol": "AAPL", "weights": {"macro": 1}}).json()

    assert "(technical, sentiment, social)" in answer["error"]["details"][0]["message"]


def test_a_model_never_speaks_of_what_it_was_trained_on(built: Built):
    built.predictors = {"1d": predictor(trained_until=feature_row(4).timestamp)}
    with built.client() as client:
        answer = client.post(ENGINE, json={"symbol": "AAPL"}).json()

    assert "training data" in answer["error"]["details"][0]["message"]


def test_without_a_model_the_engine_is_unavailable(built: Built):
    built.predictors = {}
    with built.client() as client:
        answer = client.post(ENGINE, json={"symbol": "AAPL"})

    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


def test_given_features_need_no_store(built: Built):
    def refuse() -> None:
        raise StoreUnavailable("down")

    built.reads.before_read = refuse
    with built.client() as client:
        assert client.post(ENGINE, json={"features": [given()]}).status_code == 200
        assert client.post(ENGINE, json={"symbol": "AAPL"}).status_code == 503

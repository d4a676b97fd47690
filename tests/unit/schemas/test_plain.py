import json

from schemas.plain import plain


def test_numbers_that_json_does_not_have_are_text() -> None:
    assert ["nan", "inf", "-inf", 0.1] == plain([float("nan"), float("inf"), float("-inf"), 0.1])


def test_bytes_are_marked_as_such() -> None:
    assert {"key": {"hex": "00ff"}, "none": None} == plain({"key": b"\x00\xff", "none": None})


def test_the_result_is_json() -> None:
    assert '{"a": [1, true, "é"]}' == json.dumps(plain({"a": (1, True, "é")}), ensure_ascii=False, allow_nan=False)

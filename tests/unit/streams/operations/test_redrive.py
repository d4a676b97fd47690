import pytest

from schemas.events.operations import DeadLetter, Header
from streams.dead_letters import OVERSIZE_KEPT_BYTES
from streams.operations.letters import Letter, LetterChoice
from streams.operations.redrive import plan, redriven_headers
from tests.builders import codec, tick

GOOD = codec().encode(tick())


def letter(offset=7, place=0, **changes):
    event = DeadLetter(
        **{
            "id": f"letter-{place}",
            "topic": "market.ticks",
            "partition": 1,
            "offset": offset,
            "record_key": b"ES",
            "record_value": GOOD,
            "agent": "bars",
            "code": "too_late",
            "message": "m",
            "attempts": 1,
            "appended_at": 5,
            **changes,
        }
    )
    return Letter(0, place, event)


def verdicts(letters, redriven=()):
    return [(one.verdict, one.reason) for one in plan(letters, set(redriven), codec())]


def test_what_decodes_now_is_ready():
    assert verdicts([letter()]) == [("ready", "decodes as market.tick")]


@pytest.mark.parametrize(
    "value",
    [b"", b"\x00\x00\x00\x00\x63", GOOD[:-1], None, codec().encode_record("market.tick", {**tick().model_dump(), "price": -1.0})],
)
def test_what_would_still_not_decode_is_said_to_be_unreadable(value):
    [(verdict, reason)] = verdicts([letter(record_value=value)])

    assert verdict == "unreadable"
    assert "expected" in reason or "should" in reason


def test_what_is_kept_in_part_cannot_be_sent_again():
    assert verdicts([letter(record_value=bytes(OVERSIZE_KEPT_BYTES))])[0][0] == "truncated"


def test_a_record_is_sent_again_once_whoever_refused_it():
    assert verdicts([letter(place=0), letter(place=1, agent="features"), letter(offset=8, place=2)]) == [
        ("ready", "decodes as market.tick"),
        ("redriven", "was sent again before"),
        ("ready", "decodes as market.tick"),
    ]
    assert verdicts([letter()], {"market.ticks/1/7"})[0][0] == "redriven"


def test_headers_stay_and_the_origin_is_added_once():
    sent = letter(
        headers=(Header(name="ce_id", value=b"1"), Header(name="redriven_from", value=b"old"), Header(name="empty", value=None))
    )

    assert redriven_headers(sent) == [("ce_id", b"1"), ("empty", None), ("redriven_from", b"market.ticks/1/7")]


@pytest.mark.parametrize(
    ("choice", "taken"),
    [
        (LetterChoice(), True),
        (LetterChoice(names=frozenset({"letter"})), True),
        (LetterChoice(names=frozenset({"0/0"})), True),
        (LetterChoice(names=frozenset({"0/1"})), False),
        (LetterChoice(code="too_late", topic="market.ticks", agent="bars"), True),
        (LetterChoice(code="future"), False),
        (LetterChoice(topic="market.bars"), False),
        (LetterChoice(agent="features"), False),
    ],
)
def test_letters_are_chosen_by_name_code_topic_and_agent(choice, taken):
    assert choice.takes(letter()) is taken

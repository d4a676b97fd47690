from schemas.registry import EVENTS
from schemas.topics import CHECKPOINTS, TICKS, TOPICS


def test_every_event_has_a_topic() -> None:
    assert set(EVENTS) == {event for topic in TOPICS.values() for event in topic.events}


def test_a_recording_of_long_ago_is_not_deleted_on_arrival() -> None:
    assert all("LogAppendTime" == topic.config["message.timestamp.type"] for topic in TOPICS.values() if topic.events)


def test_only_ticks_are_deleted_and_only_checkpoints_compacted() -> None:
    assert {TICKS} == {name for name, topic in TOPICS.items() if int(topic.config.get("retention.ms", "-1")) > 0}
    assert {CHECKPOINTS} == {name for name, topic in TOPICS.items() if topic.config.get("cleanup.policy") == "compact"}

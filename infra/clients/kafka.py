import time
from collections.abc import Iterable, Mapping
from typing import Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from infra.settings import KafkaSettings

_TIMEOUT_S = 15.0

Config = dict[str, str | int | float | bool]


class TopicLike(Protocol):
    """A topic that is to exist."""

    @property
    def name(self) -> str: ...

    @property
    def config(self) -> Mapping[str, str]: ...


def producer_config(settings: KafkaSettings, client_id: str, *, transactional_id: str | None = None) -> Config:
    """Return what every producer here is: idempotent, lz4, and Java's partitioner, so that other teams' clients agree with it.

    Batches wait for 5 ms at most. A transactional one answers within its transaction timeout (60 s) or is fenced.
    """
    config: Config = {
        **_common(settings, client_id),
        "partitioner": "murmur2_random",
        "compression.type": "lz4",
        "enable.idempotence": True,
        "acks": "all",
        "linger.ms": 5,
        "queue.buffering.max.messages": 1_000_000,
        "message.max.bytes": 4 << 20,
    }
    if transactional_id is not None:
        config |= {"transactional.id": transactional_id, "transaction.timeout.ms": 60_000}
    return config


def consumer_config(settings: KafkaSettings, client_id: str, group: str) -> Config:
    """Return what every consumer here is.

    It reads committed records only, from the beginning where it knows no offset, and never commits by itself: positions are
    kept where the results are.
    """
    return {
        **_common(settings, client_id),
        "group.id": group,
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "fetch.max.bytes": 32 << 20,
        "queued.max.messages.kbytes": 65_536,
        "fetch.wait.max.ms": 100,
        "session.timeout.ms": 10_000,  # after a kill, this long passes until another member goes on; the client's default is 45 s
    }


def producer(settings: KafkaSettings, client_id: str, *, transactional_id: str | None = None, **overrides: str | float) -> Producer:
    """Return a producer; in the names of `overrides`, dots are written as underscores (linger_ms=0)."""
    return Producer(producer_config(settings, client_id, transactional_id=transactional_id) | _dotted(overrides))


def consumer(settings: KafkaSettings, client_id: str, group: str, **overrides: str | float) -> Consumer:
    """Return a consumer; in the names of `overrides`, dots are written as underscores."""
    return Consumer(consumer_config(settings, client_id, group) | _dotted(overrides))


def admin(settings: KafkaSettings, client_id: str) -> AdminClient:
    """Return an admin client."""
    return AdminClient(_common(settings, client_id))


def create_topics(client: AdminClient, topics: Iterable[TopicLike], *, partitions: int, replication_factor: int) -> list[str]:
    """Create what does not exist, wait until all can be used, and return the names of what was created.

    Raises ValueError if a topic exists with another number of partitions: its keys would live elsewhere than its neighbours';
    KafkaException if the brokers refuse or do not answer. Configuration of topics that exist is not changed.
    """
    wanted = list(topics)
    existing = client.list_topics(timeout=_TIMEOUT_S).topics
    new = [
        NewTopic(topic.name, num_partitions=partitions, replication_factor=replication_factor, config=dict(topic.config))
        for topic in wanted
        if topic.name not in existing
    ]
    futures = client.create_topics(new, operation_timeout=_TIMEOUT_S, request_timeout=2 * _TIMEOUT_S) if new else {}
    created = sorted(name for name, future in futures.items() if _succeeded(future))
    for name, found in _partitions(client, {topic.name for topic in wanted}).items():
        if found != partitions:
            raise ValueError(f"topic {name}: expected {partitions} partitions, found {found}")
    return created


def _partitions(client: AdminClient, names: set[str]) -> dict[str, int]:
    """Return the number of partitions of each topic; a broker tells of a new topic a moment after it was created."""
    end = time.monotonic() + _TIMEOUT_S
    while True:
        known = client.list_topics(timeout=_TIMEOUT_S).topics
        if names <= known.keys():
            return {name: len(known[name].partitions) for name in names}
        if time.monotonic() > end:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"not visible yet: {sorted(names - known.keys())}"))  # noqa: SLF001
        time.sleep(0.05)


def _succeeded(future: "FutureLike") -> bool:
    """Whether a topic was created; False if it was there already, perhaps made by somebody else meanwhile."""
    try:
        future.result()
    except KafkaException as error:
        if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return False
        raise
    return True


class FutureLike(Protocol):
    """What the admin client returns."""

    def result(self) -> object: ...


def _common(settings: KafkaSettings, client_id: str) -> Config:
    return {"bootstrap.servers": settings.bootstrap, "client.id": client_id, **settings.options}


def _dotted(overrides: Mapping[str, str | float]) -> Config:
    return {name.replace("_", "."): value for name, value in overrides.items()}

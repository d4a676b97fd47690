"""The Kafka clients of the streams role: what ``streams.ports.Clients`` asks for, opened with the product's settings."""

from typing import cast

from infra.clients import kafka
from infra.settings import KafkaSettings
from streams.ports import Reader, TransactionalProducer


class KafkaClients:
    """Opens transactional producers and group-less readers."""

    def __init__(self, kafka_settings: KafkaSettings, client_id: str, transaction_timeout_s: float) -> None:
        self._settings = kafka_settings
        self._client_id = client_id
        self._transaction_timeout_ms = int(transaction_timeout_s * 1000)

    def transactional_producer(self, transactional_id: str) -> TransactionalProducer:
        """Return a producer whose id fences every earlier owner of the same id."""
        producer = kafka.producer(
            self._settings,
            self._client_id,
            transactional_id=transactional_id,
            transaction_timeout_ms=self._transaction_timeout_ms,
            linger_ms=0,  # a transaction is flushed when it commits: waiting for company only adds latency
        )
        return cast("TransactionalProducer", producer)

    def reader(self, *, committed: bool) -> Reader:
        """Return a consumer that is assigned, not subscribed, and says where a partition ends."""
        level = "read_committed" if committed else "read_uncommitted"
        reader = kafka.consumer(self._settings, self._client_id, "unused", isolation_level=level, enable_partition_eof=True)
        return cast("Reader", reader)

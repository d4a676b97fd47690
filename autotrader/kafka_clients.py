"""The Kafka clients of the streams role: what ``streams.ports.Clients`` asks for, opened with the product's settings."""

from confluent_kafka import Consumer, Producer

from infra.clients import kafka
from infra.settings import KafkaSettings


class KafkaClients:
    """Opens transactional producers and group-less readers."""

    def __init__(self, kafka_settings: KafkaSettings, client_id: str, transaction_timeout_s: float) -> None:
        self._settings = kafka_settings
        self._client_id = client_id
        self._transaction_timeout_ms = int(transaction_timeout_s * 1000)

    def transactional_producer(self, transactional_id: str) -> Producer:
        """Return a producer whose id fences every earlier owner of the same id."""
        return kafka.producer(
            self._settings,
            self._client_id,
            transactional_id=transactional_id,
            transaction_timeout_ms=self._transaction_timeout_ms,
            linger_ms=0,  # a transaction is flushed when it commits: waiting for company only adds latency
        )

    def reader(self, *, committed: bool) -> Consumer:
        """Return a consumer that is assigned, not subscribed, and says where a partition ends."""
        level = "read_committed" if committed else "read_uncommitted"
        return kafka.consumer(self._settings, self._client_id, "unused", isolation_level=level, enable_partition_eof=True)

"""The Kafka clients of commands: quiet, for what goes wrong is raised; an ingest's producers gather large batches."""

from typing import cast

from autotrader.kafka_clients import KafkaClients
from infra.clients import kafka
from infra.settings import KafkaSettings
from streams.sources.transactions import SourceProducer

_BATCH_BYTES = 1 << 20
_CRITICAL_ONLY = 2
"""librdkafka's level: it would write each failed connection to stderr, twenty times a second."""


def quiet(settings: KafkaSettings) -> KafkaSettings:
    """Return settings whose clients raise errors instead of writing them to stderr as well."""
    return settings.model_copy(update={"options": {"log_level": _CRITICAL_ONLY, **settings.options}})


class SourceClients(KafkaClients):
    """Opens the producers of an ingest, and readers."""

    def __init__(self, settings: KafkaSettings, client_id: str, transaction_timeout_s: float, *, paced: bool = False) -> None:
        super().__init__(quiet(settings), client_id, transaction_timeout_s)
        self._paced = paced

    def transactional_producer(self, transactional_id: str) -> SourceProducer:
        """Return a producer whose id fences every earlier owner of the same id."""
        producer = kafka.producer(
            self._settings,
            self._client_id,
            transactional_id=transactional_id,
            transaction_timeout_ms=self._transaction_timeout_ms,
            linger_ms=0 if self._paced else 20,
            batch_size=_BATCH_BYTES,
            delivery_report_only_error=True,
        )
        return cast("SourceProducer", producer)

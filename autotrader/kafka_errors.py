"""What may go wrong with the log or the stack while a command runs, as one clear line."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaException

from autotrader.output import DEBUG_NAME, clear_errors, fail
from autotrader.wiring import NoStackError
from infra.local.errors import StackError
from infra.settings import SettingsError


@contextmanager
def kafka_errors() -> Iterator[None]:
    """Show what is wrong with settings, stack or brokers as one line; with AUTOTRADER_DEBUG set, as it is."""
    try:
        with clear_errors(NoStackError, StackError, SettingsError, TimeoutError):
            yield
    except KafkaException as error:
        if os.environ.get(DEBUG_NAME):
            raise
        fail(f"Kafka: {error.args[0].str()}")
    except KeyboardInterrupt:
        fail("stopped before anything was written")

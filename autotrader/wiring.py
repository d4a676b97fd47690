"""Settings as commands need them, and what every command does with a stack."""

from infra.local.errors import StackDownError
from infra.local.state import Endpoints, StateFile
from infra.settings import Settings, needs_embedded_stack, with_endpoints, with_running_stack


class NoStackError(RuntimeError):
    """No stack runs here, and no servers are set."""


def running_settings() -> Settings:
    """Return the settings, completed with the addresses of the running embedded stack; NoStackError where none runs."""
    settings = Settings.load()
    try:
        return with_running_stack(settings)
    except StackDownError as error:
        raise NoStackError(f"no stack runs in {settings.data_dir}: start one with `autotrader stack up`") from error


def role_settings(*, kafka_only: bool = False) -> Settings:
    """Return the settings of a role, which waits for components that are down instead of refusing to start.

    A component of the embedded stack comes back at the address it had, so the last known ones do. NoStackError where none is
    known, or nothing of the stack runs. A role that talks to Kafka alone needs no more than Kafka's address.
    """
    settings = Settings.load()
    if not needs_embedded_stack(settings) or (kafka_only and settings.kafka.bootstrap):
        return settings
    state = StateFile(settings.data_dir / "stack.json").read()
    known = state.endpoints
    if not any(state.runs(name) for name in known) or not {"kafka", "postgres", "clickhouse"} <= known.keys():
        raise NoStackError(f"no stack runs in {settings.data_dir}: start one with `autotrader stack up`")
    return with_endpoints(settings, Endpoints(known["kafka"], known["postgres"], known["clickhouse"]))

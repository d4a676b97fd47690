"""Settings as commands need them, and what every command does with a stack."""

from infra.local.errors import StackDownError
from infra.settings import Settings, with_running_stack


class NoStackError(RuntimeError):
    """No stack runs here, and no servers are set."""


def running_settings() -> Settings:
    """Return the settings, completed with the addresses of the running embedded stack; NoStackError where none runs."""
    settings = Settings.load()
    try:
        return with_running_stack(settings)
    except StackDownError as error:
        raise NoStackError(f"no stack runs in {settings.data_dir}: start one with `autotrader stack up`") from error

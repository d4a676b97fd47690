import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from infra.local.state import Endpoints, StateFile, endpoints_of

PREFIX = "AUTOTRADER_"
_DELIMITER = "__"


class SettingsError(ValueError):
    """The environment says something that is not a setting, or settings that do not go together."""


Interval = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[1-9][0-9]*[smhd]$")]
Intervals = Annotated[tuple[Interval, ...], NoDecode]  # in a variable: separated by commas


class Group(BaseModel):
    """Settings that belong together; code receives the group that it needs, never all of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaSettings(Group):
    """Where the log is, and how topics are created. `options` go to every client as they are (security, timeouts)."""

    bootstrap: str = ""  # host:port,…; empty: the embedded stack's
    options: Mapping[str, str] = Field({}, repr=False)  # may hold sasl.password
    topic_partitions: int = Field(4, ge=1)
    replication_factor: int = Field(1, ge=1)


class RegistrySettings(Group):
    """A Confluent-compatible schema registry; without one, ids come from the committed catalogue."""

    url: str | None = None


class PostgresSettings(Group):
    """The database of the read models."""

    dsn: SecretStr = SecretStr("")  # empty: the embedded stack's
    pool_min: int = Field(1, ge=0)
    pool_max: int = Field(8, ge=1)
    connect_timeout_s: float = Field(5.0, gt=0)
    statement_timeout_s: float = Field(30.0, gt=0)


class ClickHouseSettings(Group):
    """The analytical store: the embedded one on a Unix socket, or a server by its native protocol."""

    mode: Literal["embedded", "server"] = "embedded"
    socket: str = ""  # empty: the embedded stack's
    host: str = "127.0.0.1"
    port: int = Field(9000, ge=1, le=65_535)
    user: str = "default"
    password: SecretStr = SecretStr("")
    secure: bool = False
    database: str = "autotrader"
    connect_timeout_s: float = Field(5.0, gt=0)
    timeout_s: float = Field(60.0, gt=0)


class ApiSettings(Group):
    """Where the front door listens; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65_535)
    engine_port: int = Field(0, ge=0, le=65_535)
    allowed_hosts: tuple[str, ...] = ()  # names in the Host header that are answered beside the loopback ones, as JSON


class StreamsSettings(Group):
    """How ticks become bars and bars decisions; see docs/architecture.md for the terms."""

    intervals: Intervals = ("1m", "5m", "1h", "1d")  # of the bars that are built from ticks
    decision_intervals: Intervals = ("1m", "1d")  # of the bars, built or a vendor's, that decisions are made on
    lateness_s: float = Field(2.0, ge=0)
    kept_window_s: float = Field(900.0, ge=0)
    idle_after_s: float = Field(2.0, gt=0)
    max_future_s: float = Field(300.0, ge=0)
    commit_interval_s: float = Field(0.05, gt=0)
    session_timeout_s: float = Field(10.0, ge=2)
    heartbeat_interval_s: float = Field(3.0, gt=0)
    transaction_timeout_s: float = Field(60.0, ge=1)
    max_record_bytes: int = Field(1_000_000, ge=1_000)

    @field_validator("intervals", "decision_intervals", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return value.split(",") if isinstance(value, str) else value

    @model_validator(mode="after")
    def _heartbeats_fit_the_session(self) -> Self:
        if self.heartbeat_interval_s * 3 > self.session_timeout_s:
            raise ValueError(
                f"expected heartbeat_interval_s of at most a third of {self.session_timeout_s} s, found {self.heartbeat_interval_s}"
            )
        return self


class ModelsSettings(Group):
    """Where model artefacts are kept; a relative folder lies in the data folder."""

    folder: Path = Path("models")


class TelemetrySettings(Group):
    """Logs, metrics, traces. Tracing is off without an endpoint, the metrics port without a number."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
    otlp_endpoint: str | None = None
    metrics_port: int | None = Field(None, ge=0, le=65_535)


class Settings(BaseSettings):
    """Everything that can be set, from AUTOTRADER_* variables (nested names with two underscores) and explicit overrides.

    Parsed once, by `load`, in the composition root; nothing else reads the environment.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=_DELIMITER, frozen=True, extra="forbid", env_ignore_empty=False
    )

    env: Literal["dev", "test", "prod"] = "dev"
    debug: bool = False  # commands show where an error comes from
    data_dir: Path = Path(".autotrader")
    kafka: KafkaSettings = KafkaSettings()
    registry: RegistrySettings = RegistrySettings()
    postgres: PostgresSettings = PostgresSettings()
    clickhouse: ClickHouseSettings = ClickHouseSettings()
    api: ApiSettings = ApiSettings()
    streams: StreamsSettings = StreamsSettings()
    models: ModelsSettings = ModelsSettings()
    telemetry: TelemetrySettings = TelemetrySettings()

    @classmethod
    def load(cls, overrides: Mapping[str, Any] | None = None) -> "Settings":
        """Read the environment once; raises SettingsError for unknown AUTOTRADER_* names, pydantic's error for bad values.

        `overrides` go before the environment, e.g. {"api": {"port": 8080}}.
        """
        refuse_unknown(os.environ)
        settings = cls(**(overrides or {}))
        refuse_embedded_in_production(settings)
        return settings

    @property
    def models_folder(self) -> Path:
        """The folder of the artefacts, with the data folder before a relative one."""
        return self.data_dir / self.models.folder


def with_endpoints(settings: Settings, endpoints: Endpoints) -> Settings:
    """Return settings whose empty addresses are those of the embedded stack; what was set stays."""
    kafka, postgres, clickhouse = settings.kafka, settings.postgres, settings.clickhouse
    if not kafka.bootstrap:
        kafka = kafka.model_copy(update={"bootstrap": endpoints.kafka})
    if not postgres.dsn.get_secret_value():
        postgres = postgres.model_copy(update={"dsn": SecretStr(endpoints.postgres_dsn)})
    if clickhouse.mode == "embedded" and not clickhouse.socket:
        clickhouse = clickhouse.model_copy(update={"socket": endpoints.clickhouse_socket})
    return settings.model_copy(update={"kafka": kafka, "postgres": postgres, "clickhouse": clickhouse})


def needs_embedded_stack(settings: Settings) -> bool:
    """Whether an address is left to the embedded stack."""
    return not _complete(settings)


def with_running_stack(settings: Settings) -> Settings:
    """Return settings completed from <data_dir>/stack.json where needed; raises StackDownError if the stack does not run."""
    if _complete(settings):
        return settings
    return with_endpoints(settings, endpoints_of(StateFile(settings.data_dir / "stack.json").read()))


def refuse_unknown(environment: Mapping[str, str]) -> None:
    """Raise SettingsError for AUTOTRADER_* names that no setting has: a misspelt one would otherwise be ignored in silence."""
    valid = set(names())
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name.upper() not in valid:
            nearest = difflib.get_close_matches(name.upper(), valid, n=1, cutoff=0.0)
            raise SettingsError(f"{name} is not a setting; did you mean {nearest[0]}?")


def names() -> Iterator[str]:
    """All environment names that settings have."""
    for field, info in Settings.model_fields.items():
        group = info.annotation
        yield f"{PREFIX}{field}".upper()
        if isinstance(group, type) and issubclass(group, Group):
            for inner in group.model_fields:
                yield f"{PREFIX}{field}{_DELIMITER}{inner}".upper()


def refuse_embedded_in_production(settings: Settings) -> None:
    """Raise SettingsError if `env` is prod and something is left to the embedded stack or to a development default."""
    if settings.env != "prod":
        return
    problems = [
        problem
        for problem, found in {
            "kafka.bootstrap is not set": not settings.kafka.bootstrap,
            "kafka.options has no security.protocol": settings.kafka.options.get("security.protocol", "PLAINTEXT") == "PLAINTEXT",
            "kafka.replication_factor is below 3": settings.kafka.replication_factor < 3,  # noqa: PLR2004
            "registry.url is not set": settings.registry.url is None,
            "postgres.dsn is not set": not settings.postgres.dsn.get_secret_value(),
            "postgres.dsn does not ask for TLS (sslmode=require or better)": not _asks_for_tls(settings.postgres.dsn),
            "clickhouse.mode is embedded": settings.clickhouse.mode == "embedded",
            "clickhouse.password is empty": not settings.clickhouse.password.get_secret_value(),
            "clickhouse.secure is off": not settings.clickhouse.secure,
        }.items()
        if found
    ]
    if problems:
        raise SettingsError(f"AUTOTRADER_ENV=prod needs servers of its own, reached by TLS: {'; '.join(problems)}")


def _asks_for_tls(dsn: SecretStr) -> bool:
    return any(f"sslmode={mode}" in dsn.get_secret_value() for mode in ("require", "verify-ca", "verify-full"))


def _complete(settings: Settings) -> bool:
    clickhouse = settings.clickhouse
    embedded_clickhouse = clickhouse.mode == "embedded" and not clickhouse.socket
    return bool(settings.kafka.bootstrap and settings.postgres.dsn.get_secret_value()) and not embedded_clickhouse

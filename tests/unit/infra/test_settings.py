from pathlib import Path

import pytest
from pydantic import ValidationError

from infra.local.state import Endpoints
from infra.settings import (
    PREFIX,
    ApiSettings,
    KafkaSettings,
    Settings,
    SettingsError,
    names,
    needs_embedded_stack,
    refuse_unknown,
    with_endpoints,
)

ENDPOINTS = Endpoints("127.0.0.1:29092", "postgresql://postgres@/autotrader?host=/run/x", "/run/x/clickhouse.sock")
PRODUCTION = {
    "AUTOTRADER_ENV": "prod",
    "AUTOTRADER_KAFKA__BOOTSTRAP": "broker:9093",
    "AUTOTRADER_KAFKA__OPTIONS": '{"security.protocol": "SASL_SSL", "sasl.password": "hidden-1"}',
    "AUTOTRADER_KAFKA__REPLICATION_FACTOR": "3",
    "AUTOTRADER_REGISTRY__URL": "https://registry",
    "AUTOTRADER_POSTGRES__DSN": "postgresql://u:hidden-2@db/autotrader?sslmode=verify-full",
    "AUTOTRADER_CLICKHOUSE__MODE": "server",
    "AUTOTRADER_CLICKHOUSE__HOST": "clickhouse",
    "AUTOTRADER_CLICKHOUSE__PASSWORD": "hidden-3",
    "AUTOTRADER_CLICKHOUSE__SECURE": "true",
}


@pytest.fixture(autouse=True)
def _no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in names():
        monkeypatch.delenv(name, raising=False)


def set_all(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def test_without_environment_the_embedded_stack_is_used() -> None:
    settings = Settings.load()

    assert needs_embedded_stack(settings)
    assert Path(".autotrader") == settings.data_dir
    assert ("127.0.0.1", 0) == (settings.api.host, settings.api.port)
    assert ("1m", "5m", "1h", "1d") == settings.streams.intervals


def test_nested_names_take_two_underscores(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {"AUTOTRADER_API__PORT": "8080", "AUTOTRADER_STREAMS__LATENESS_S": "0.5"})

    settings = Settings.load()

    assert 8080 == settings.api.port
    assert 0.5 == settings.streams.lateness_s


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {"AUTOTRADER_STREAMS__INTERVALS": "1s, 1m", "AUTOTRADER_STREAMS__DECISION_INTERVALS": "1s"})

    streams = Settings.load().streams

    assert (("1s", "1m"), ("1s",)) == (streams.intervals, streams.decision_intervals)


def test_overrides_go_before_the_environment_and_leave_the_rest_of_their_group(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {"AUTOTRADER_API__PORT": "8080", "AUTOTRADER_API__HOST": "0.0.0.0"})

    assert ApiSettings(host="0.0.0.0", port=9090) == Settings.load({"api": {"port": 9090}}).api


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("AUTOTRADER_API__PROT", "AUTOTRADER_API__PORT"),
        ("AUTOTRADER_API_PORT", "AUTOTRADER_API__PORT"),
        ("AUTOTRADER_DATADIR", "AUTOTRADER_DATA_DIR"),
        ("AUTOTRADER_CLICKHOUSE__PASWORD", "AUTOTRADER_CLICKHOUSE__PASSWORD"),
        ("autotrader_kafka__bootstap", "AUTOTRADER_KAFKA__BOOTSTRAP"),
    ],
)
def test_a_misspelt_name_is_refused_and_the_nearest_is_named(misspelt: str, meant: str) -> None:
    with pytest.raises(SettingsError, match=f"{misspelt} is not a setting; did you mean {meant}"):
        refuse_unknown({misspelt: "1", "PATH": "/bin"})


def test_loading_refuses_unknown_names_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOTRADER_MODE", "prod")

    with pytest.raises(SettingsError, match="AUTOTRADER_MODE"):
        Settings.load()


def test_every_name_can_be_set() -> None:
    refuse_unknown(dict.fromkeys(names(), "x"))
    assert all(name.startswith(PREFIX) and name == name.upper() for name in names())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTOTRADER_ENV", "staging"),
        ("AUTOTRADER_API__PORT", "70000"),
        ("AUTOTRADER_STREAMS__LATENESS_S", "-1"),
        ("AUTOTRADER_STREAMS__INTERVALS", "1 minute"),
        ("AUTOTRADER_STREAMS__SESSION_TIMEOUT_S", "5"),
        ("AUTOTRADER_KAFKA__TOPIC_PARTITIONS", "0"),
        ("AUTOTRADER_TELEMETRY__LOG_FORMAT", "xml"),
    ],
)
def test_values_that_make_no_sense_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError):
        Settings.load()


def test_settings_do_not_change() -> None:
    settings = Settings.load()

    with pytest.raises(ValidationError):
        settings.env = "test"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        settings.api.port = 1  # type: ignore[misc]


def test_endpoints_fill_what_is_empty_and_leave_what_is_set() -> None:
    settings = Settings.load({"kafka": {"bootstrap": "mine:9092"}})

    complete = with_endpoints(settings, ENDPOINTS)

    assert "mine:9092" == complete.kafka.bootstrap
    assert ENDPOINTS.postgres_dsn == complete.postgres.dsn.get_secret_value()
    assert ENDPOINTS.clickhouse_socket == complete.clickhouse.socket
    assert not needs_embedded_stack(complete)
    assert "" == settings.clickhouse.socket


def test_a_clickhouse_server_needs_no_socket() -> None:
    complete = with_endpoints(Settings.load({"clickhouse": {"mode": "server"}}), ENDPOINTS)

    assert "" == complete.clickhouse.socket
    assert not needs_embedded_stack(complete)


def test_production_with_servers_of_its_own_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, PRODUCTION)

    assert "prod" == Settings.load().env


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("AUTOTRADER_KAFKA__BOOTSTRAP", "", "kafka.bootstrap is not set"),
        ("AUTOTRADER_KAFKA__OPTIONS", "{}", "security.protocol"),
        ("AUTOTRADER_KAFKA__REPLICATION_FACTOR", "1", "replication_factor"),
        ("AUTOTRADER_POSTGRES__DSN", "", "postgres.dsn is not set"),
        ("AUTOTRADER_POSTGRES__DSN", "postgresql://u@db/autotrader?sslmode=prefer", "TLS"),
        ("AUTOTRADER_CLICKHOUSE__MODE", "embedded", "clickhouse.mode is embedded"),
        ("AUTOTRADER_CLICKHOUSE__PASSWORD", "", "clickhouse.password"),
        ("AUTOTRADER_CLICKHOUSE__SECURE", "false", "clickhouse.secure"),
    ],
)
def test_production_refuses_what_is_for_development(monkeypatch: pytest.MonkeyPatch, name: str, value: str, problem: str) -> None:
    set_all(monkeypatch, {**PRODUCTION, name: value})

    with pytest.raises(SettingsError, match=problem):
        Settings.load()


def test_secrets_are_not_in_the_text_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, PRODUCTION)

    assert "hidden" not in repr(Settings.load()) + str(Settings.load())


def test_models_lie_in_the_data_folder_unless_their_folder_is_absolute() -> None:
    assert Path("/data/models") == Settings.load({"data_dir": "/data"}).models_folder
    assert Path("/m") == Settings.load({"data_dir": "/data", "models": {"folder": "/m"}}).models_folder


def test_groups_can_be_made_by_hand() -> None:
    assert "h:1" == KafkaSettings(bootstrap="h:1").bootstrap

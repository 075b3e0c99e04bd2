"""Settings: embedded by default, real servers by variable, wrong ones refused in plain words."""

from __future__ import annotations

from pathlib import Path

import pytest

from errors import SettingsError
from storage.settings import load_settings, masked


def test_with_no_variable_everything_is_embedded_below_var(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.embedded_broker
    assert settings.embedded_database
    assert settings.artifact_root == str(tmp_path / "var")
    assert settings.inbox_folder == tmp_path / "var" / "inbox"


def test_each_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEETFORGE_HOME", "/srv/fleet")
    monkeypatch.setenv("FLEETFORGE_REDIS_URL", "redis://broker:6379")
    monkeypatch.setenv("FLEETFORGE_DATABASE_URL", "postgresql://me@db/fleet")
    monkeypatch.setenv("FLEETFORGE_ARTIFACTS", "s3://bucket/prefix")
    monkeypatch.setenv("FLEETFORGE_LEASE_SECONDS", "3")
    settings = load_settings()
    assert not settings.embedded_broker
    assert not settings.embedded_database
    assert settings.artifact_root == "s3://bucket/prefix"
    assert settings.lease_seconds == 3
    assert settings.logs == Path("/srv/fleet/logs")


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEETFORGE_REDIS_URL", "")
    monkeypatch.setenv("FLEETFORGE_ARTIFACTS", "")
    settings = load_settings()
    assert settings.embedded_broker
    assert settings.artifacts is None


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("9400", "127.0.0.1:9400"),
        (":65535", "127.0.0.1:65535"),
        ("0.0.0.0:9400", "0.0.0.0:9400"),
        ("plant-7:1", "plant-7:1"),
        ("", None),
    ],
)
def test_metrics_are_served_at_an_address_and_for_this_host_alone_when_none_is_named(
    monkeypatch: pytest.MonkeyPatch, written: str, address: str | None
) -> None:
    assert load_settings().metrics is None
    monkeypatch.setenv("FLEETFORGE_METRICS", written)
    assert load_settings().metrics == address


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("FLEETFORGE_REDIS_URL", "http://broker", "write redis://host:6379"),
        ("FLEETFORGE_REDIS_URL", "redis://broker:many", "write redis://host:6379"),
        ("FLEETFORGE_DATABASE_URL", "mysql://db", "write postgresql://user@host/db"),
        ("FLEETFORGE_DATABASE_URL", "postgres://db/x", "write postgresql://user@host/db"),
        ("FLEETFORGE_ARTIFACTS", "s3://", "write a folder or s3://bucket/prefix"),
        ("FLEETFORGE_ARTIFACTS", "gs://bucket", "write a folder or s3://bucket/prefix"),
        ("FLEETFORGE_LEASE_SECONDS", "soon", "number"),
        ("FLEETFORGE_LEASE_SECONDS", "0", "greater than or equal to 1"),
        ("FLEETFORGE_OVERDUE_FACTOR", "0.5", "greater than or equal to 1"),
        ("FLEETFORGE_METRICS", "nowhere", "write a port or host:port"),
        ("FLEETFORGE_METRICS", "0.0.0.0:", "write a port or host:port"),
        ("FLEETFORGE_METRICS", "0.0.0.0:http", "write a port or host:port"),
        ("FLEETFORGE_METRICS", "0", "write a port or host:port"),
        ("FLEETFORGE_METRICS", "65536", "write a port or host:port"),
        ("FLEETFORGE_METRICS", "-1", "write a port or host:port"),
        ("FLEETFORGE_METRICS", "9400/metrics", "write a port or host:port"),
        ("FLEETFORGE_METRICS", "९४००", "write a port or host:port"),
        ("FLEETFORGE_RATE_LIMIT", "-1", "greater than or equal to 0"),
        ("FLEETFORGE_RATE_LIMIT", "100/minute", "integer"),
        ("FLEETFORGE_TRUSTED_PROXIES", "*", "write addresses and networks"),
        ("FLEETFORGE_TRUSTED_PROXIES", "10.0.0.1/8", "has host bits set; write addresses"),
        ("FLEETFORGE_TRUSTED_PROXIES", "10.0.0.1,,10.0.0.2", "write addresses and networks"),
        ("FLEETFORGE_TRUSTED_PROXIES", "proxy.example", "write addresses and networks"),
        ("FLEETFORGE_ALLOWED_HOSTS", "*", "write names without scheme and port"),
        ("FLEETFORGE_ALLOWED_HOSTS", "https://fleet.example", "write names without scheme"),
        ("FLEETFORGE_ALLOWED_HOSTS", "fleet.example:443", "write names without scheme and port"),
        ("FLEETFORGE_WEB_ORIGINS", "*", "write origins without a path"),
        ("FLEETFORGE_WEB_ORIGINS", "fleet.example", "such as https://fleet.example"),
        ("FLEETFORGE_WEB_ORIGINS", "https://fleet.example/", "write origins without a path"),
        ("FLEETFORGE_WEB_ORIGINS", "ftp://fleet.example", "write origins"),
        ("FLEETFORGE_HOEM", "/srv", "did you mean FLEETFORGE_HOME?"),
        ("FLEETFORGE_XYZZY", "1", "no such setting"),
    ],
)
def test_a_wrong_variable_is_one_line_that_says_what_to_write(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, advice: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert str(error.value).startswith(f"{name}: ")
    assert advice in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "written", "read"),
    [
        ("trusted_proxies", "10.0.0.5", ("10.0.0.5",)),
        ("trusted_proxies", "10.0.0.0/8, FD00::/8", ("10.0.0.0/8", "fd00::/8")),
        (
            "allowed_hosts",
            "Fleet.example,10.0.0.5, [fd00::1]",
            ("fleet.example", "10.0.0.5", "[fd00::1]"),
        ),
        (
            "web_origins",
            "https://a.example, http://[::1]:80",
            ("https://a.example", "http://[::1]:80"),
        ),
        ("web_origins", "", ()),
    ],
)
def test_lists_are_written_with_commas(
    monkeypatch: pytest.MonkeyPatch, name: str, written: str, read: tuple[str, ...]
) -> None:
    assert getattr(load_settings(), name) == ()
    monkeypatch.setenv(f"FLEETFORGE_{name.upper()}", written)
    assert getattr(load_settings(), name) == read


def test_every_wrong_variable_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEETFORGE_REDIS_URL", "http://broker")
    monkeypatch.setenv("FLEETFORGE_HOEM", "/srv")
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert len(str(error.value).splitlines()) == 2


def test_a_secret_is_neither_printed_nor_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEETFORGE_REDIS_URL", "redis://:hunter2@broker:6379")
    assert "hunter2" not in repr(load_settings())
    assert masked("redis://me:hunter2@broker:6379/0") == "redis://me:***@broker:6379/0"
    assert masked("redis://broker:6379/0") == "redis://broker:6379/0"
    assert "hunter2" not in masked("postgresql://db/fleet?password=hunter2")
    assert masked("s3://key:hunter2@bucket/prefix") == "s3://key:***@bucket/prefix"


def test_secrets_are_read_from_files_and_variables_go_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "FLEETFORGE_DATABASE_URL").write_text("postgresql://fleet:word@db/fleet\n")
    (tmp_path / "FLEETFORGE_REDIS_URL").write_text("redis://broker:6379")
    (tmp_path / "..data").mkdir()
    monkeypatch.setenv("FLEETFORGE_SECRETS", str(tmp_path))
    monkeypatch.setenv("FLEETFORGE_REDIS_URL", "redis://other:6379")
    settings = load_settings()
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://fleet:word@db/fleet"
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == "redis://other:6379"
    (tmp_path / "FLEETFORGE_DATABASE_URL").write_text("mysql://word@db/fleet")
    with pytest.raises(SettingsError, match="FLEETFORGE_DATABASE_URL: write postgresql") as refused:
        load_settings()
    assert "word" not in str(refused.value)


def test_a_folder_of_secrets_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FLEETFORGE_SECRETS", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="FLEETFORGE_SECRETS: there is no folder"):
        load_settings()

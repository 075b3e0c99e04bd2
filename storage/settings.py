"""The settings: environment variables that start with `FLEETFORGE_`."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from errors import SettingsError

PREFIX = "FLEETFORGE_"

_HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_ORIGIN = re.compile(rf"https?://({_HOST_NAME.pattern})(:[0-9]+)?")

#: A list that is written with commas.
Listed = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """All settings. By default everything is embedded, with its data below `./var`.

    Attributes:
        secrets: Folder of files that are named as variables and hold their values, such as mounted
            secrets; a variable of the environment goes first.
        home: Folder of the embedded database, broker socket, logs and, by default, artifacts.
        redis_url: `redis://`, `rediss://` or `unix://`; absent: a private Valkey.
        database_url: `postgresql://`; absent: SQLite below `home`.
        prepared_statements: Whether statements are prepared on PostgreSQL. A pooler that gives each
            transaction another connection, such as PgBouncer, mixes them up.
        artifacts: Folder or `s3://bucket/prefix`; absent: `home`.
        inbox: Folder that `watch` and `up` watch; absent: `home/inbox`.
        lease_seconds: A worker that does not renew its lease for this long loses its job, seconds.
        grace_seconds: How long a worker that stops lets the running stage continue, seconds.
        log_json: Whether a log line is a JSON object instead of text.
        overdue_factor: A stage is overdue after this multiple of the 99th percentile of earlier
            runs.
        metrics: `host:port` where a worker serves Prometheus metrics; absent: it serves none.
        rate_limit: Requests a minute for each client and endpoint of the service; 0: no limit.
        trusted_proxies: Addresses and networks of the proxies whose `X-Forwarded-For` is trusted.
        allowed_hosts: Accepted values of the `Host` header on loopback, in addition to loopback
            names.
        web_origins: Origins of other web pages that may call the service from a browser.
        max_units: How many units a machine may have.
        readings_days: How long readings are kept; `gc` removes older ones, days.
        mqtt_url: `mqtt://` or `mqtts://`; the MQTT broker that `readings listen` connects to.
        prediction_minutes: How often a prediction is kept with its reasons if the level of its unit
            does not change, minutes of readings.
        silent_hours: A unit whose newest readings came longer ago has no forecast, hours.
        webhook_private: Whether webhooks may have addresses of the local network, and `http`.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, validate_default=True, env_ignore_empty=True
    )

    secrets: Path | None = None
    home: Path = Path("var")
    redis_url: SecretStr | None = None
    database_url: SecretStr | None = None
    prepared_statements: bool = True
    artifacts: str | None = None
    inbox: Path | None = None
    lease_seconds: float = Field(default=30, ge=1, le=3600)
    grace_seconds: float = Field(default=3, ge=0, le=3600)
    log_json: bool = False
    overdue_factor: float = Field(default=3, ge=1, le=1000)
    metrics: str | None = None
    rate_limit: int = Field(default=100, ge=0)
    trusted_proxies: Listed = ()
    allowed_hosts: Listed = ()
    web_origins: Listed = ()
    max_units: int = Field(default=20_000, ge=1, le=1_000_000)
    readings_days: int = Field(default=365, ge=1, le=36_500)
    mqtt_url: SecretStr | None = None
    prediction_minutes: float = Field(default=5, gt=0, le=100_000)
    silent_hours: float = Field(default=24, gt=0, le=100_000)
    webhook_private: bool = False

    @field_validator("redis_url")
    @classmethod
    def _redis_scheme(cls, url: SecretStr | None) -> SecretStr | None:
        return _with_scheme(url, ("redis", "rediss", "unix"), "redis://host:6379")

    @field_validator("database_url")
    @classmethod
    def _database_scheme(cls, url: SecretStr | None) -> SecretStr | None:
        return _with_scheme(
            url, ("postgresql",), "postgresql://user@host/db, or unset it for SQLite"
        )

    @field_validator("mqtt_url")
    @classmethod
    def _mqtt_scheme(cls, url: SecretStr | None) -> SecretStr | None:
        return _with_scheme(url, ("mqtt", "mqtts"), "mqtts://user:password@host:8883")

    @field_validator("artifacts")
    @classmethod
    def _artifact_location(cls, location: str | None) -> str | None:
        if location is None:
            return None
        if "://" not in location:
            return str(Path(location).expanduser().absolute())
        if urlsplit(location).scheme != "s3" or not urlsplit(location).netloc:
            raise ValueError("write a folder or s3://bucket/prefix")
        return location

    @field_validator("metrics")
    @classmethod
    def _metrics_address(cls, address: str | None) -> str | None:
        if address is None:
            return None
        host, _, port = address.rpartition(":")
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 2**16):
            raise ValueError("write a port or host:port, such as 9400 or 0.0.0.0:9400")
        return f"{host or '127.0.0.1'}:{port}"

    @field_validator("trusted_proxies", "allowed_hosts", "web_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip().lower() for part in value.split(","))

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            try:
                ip_network(proxy)
            except ValueError as error:
                advice = "write addresses and networks, such as 10.0.0.5,192.168.0.0/24"
                raise ValueError(f"{error}; {advice}") from None
        return proxies

    @field_validator("allowed_hosts")
    @classmethod
    def _host_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_HOST_NAME.fullmatch(name) for name in names):
            raise ValueError("write names without scheme and port, such as fleet.example,10.0.0.5")
        return names

    @field_validator("web_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError("write origins without a path, such as https://fleet.example")
        return origins

    @field_validator("home", "inbox")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path else path

    @property
    def embedded_broker(self) -> bool:
        """Whether the private Valkey is used."""
        return self.redis_url is None

    @property
    def embedded_database(self) -> bool:
        """Whether SQLite is used."""
        return self.database_url is None

    @property
    def artifact_root(self) -> str:
        """Folder or `s3://` address of the artifacts."""
        return self.artifacts or str(self.home)

    @property
    def inbox_folder(self) -> Path:
        """The watched folder."""
        return self.inbox or self.home / "inbox"

    @property
    def logs(self) -> Path:
        """Folder of the logs of workers that `onboard --wait` starts."""
        return self.home / "logs"


def _with_scheme(url: SecretStr | None, schemes: tuple[str, ...], advice: str) -> SecretStr | None:
    if url is None:
        return None
    parts = urlsplit(url.get_secret_value())
    try:
        known = parts.scheme in schemes and (parts.port or True)
    except ValueError:  # A port that is no number.
        known = False
    if not known:
        raise ValueError(f"write {advice}")
    return url


def masked(url: str) -> str:
    """A URL without its password and its query, which may contain secrets."""
    parts = urlsplit(url)
    _, at, host = parts.netloc.rpartition("@")
    user = f"{parts.username}:***@" if parts.password is not None else f"{parts.username}@"
    query = "..." if parts.query else ""
    return urlunsplit(parts._replace(netloc=f"{user}{host}" if at else host, query=query))


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        SettingsError: Every wrong or unknown `FLEETFORGE_*` variable, one line each.
    """
    complaints = [_unknown(name) for name in os.environ if _is_unknown(name)]
    secrets = os.environ.get(f"{PREFIX}SECRETS")
    if secrets and not Path(secrets).is_dir():
        complaints.append(f"{PREFIX}SECRETS: there is no folder {secrets}")
        secrets = None
    try:
        settings = Settings(_secrets_dir=secrets or None)
    except ValidationError as error:
        complaints += [
            f"{PREFIX}{'.'.join(map(str, e['loc'])).upper()}: "
            f"{e['msg'].removeprefix('Value error, ')}"
            for e in error.errors(include_input=False)
        ]
        raise SettingsError("\n".join(complaints)) from None
    if complaints:
        raise SettingsError("\n".join(complaints))
    return settings


def _is_unknown(name: str) -> bool:
    return (
        name.startswith(PREFIX) and name.removeprefix(PREFIX).lower() not in Settings.model_fields
    )


def _unknown(name: str) -> str:
    known = [PREFIX + field.upper() for field in Settings.model_fields]
    near = get_close_matches(name, known, n=1)
    advice = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return f"{name}: no such setting; {advice}"

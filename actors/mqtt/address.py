"""Where the MQTT broker is, and which level of a topic names what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from errors import InvalidInput, Problem
from GAN.telemetry.batch import ONLY_UNIT

_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True)
class Address:
    """The address of a broker.

    Attributes:
        encrypted: Whether the connection is encrypted with TLS.
    """

    host: str
    port: int
    encrypted: bool
    user: str | None
    password: str | None

    @classmethod
    def of(cls, url: str) -> Address:
        """The address that a URL names.

        Raises:
            InvalidInput: It is no `mqtt://` or `mqtts://` URL.
        """
        advice = "write mqtt://host:1883, or mqtts://user:password@host:8883 for TLS"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:  # A port that is no number, or half of an IPv6 address.
            raise InvalidInput("URL", [Problem("", "not an address", advice)]) from None
        more = parts.path.strip("/") or parts.query or parts.fragment
        if parts.scheme not in _PORTS or not parts.hostname or more:
            raise InvalidInput("URL", [Problem("", "not an address of MQTT", advice)])
        return cls(
            parts.hostname,
            port or _PORTS[parts.scheme],
            parts.scheme == "mqtts",
            None if parts.username is None else unquote(parts.username),
            None if parts.password is None else unquote(parts.password),
        )

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Topic(NamedTuple):
    """What a topic names."""

    machine: str
    unit: str


@dataclass(frozen=True)
class Pattern:
    """A filter of topics with one level for the machine, and one for the unit."""

    text: str
    levels: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Pattern:
        """Read a pattern.

        Raises:
            InvalidInput: It has not one or two levels `+`, or is a shared subscription. That
                would give a unit's readings to several listeners, and the one with the later
                readings may be first: the earlier ones would be from before the unit's life.
        """
        levels = tuple(text.split("/"))
        if levels[0] == "$share":
            advice = "leave $share out; each reading counts once, however many listeners get it"
            raise InvalidInput("--topic", [Problem("", "a shared subscription", advice)])
        plain = all(not set(level) & set("+#\0") for level in levels if level != "+")
        if levels.count("+") not in (1, 2) or not plain:
            advice = "write + for the machine and for the unit, such as fleetforge/+/+"
            raise InvalidInput("--topic", [Problem("", f"'{text}' is no pattern", advice)])
        return cls(text, levels)

    def read(self, topic: str) -> Topic | None:
        """Machine and unit of a topic; None if it does not match."""
        levels = topic.split("/")
        if len(levels) != len(self.levels):
            return None
        pairs = list(zip(self.levels, levels, strict=True))
        if any(wanted not in ("+", found) for wanted, found in pairs):
            return None
        machine, *unit = [found for wanted, found in pairs if wanted == "+"]
        return Topic(machine, unit[0] if unit else ONLY_UNIT)

"""Which addresses webhooks may have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from errors import InvalidInput, Problem
from storage.settings import PREFIX

LONGEST_URL = 2_000
#: Allows `http` and addresses of the local network.
PRIVATE_SETTING = f"{PREFIX}WEBHOOK_PRIVATE"

_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?\.?|[0-9a-f:.]+")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_PORTS = {"http": 80, "https": 443}

#: The virtual address of Azure's host, which answers machines with their settings.
_AZURE_HOST = IPv4Address("168.63.129.16")
#: IPv4 addresses behind an IPv6 translator (RFC 6052).
_TRANSLATED = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class Target:
    """Where messages go.

    Attributes:
        path: Path and query.
    """

    secure: bool
    host: str
    port: int
    path: str


def target_of(url: str, *, private: bool) -> Target:
    """Check a URL and take it apart; its host name is not resolved.

    Args:
        url: As it was written.
        private: Whether `http` and local addresses are allowed.

    Raises:
        InvalidInput: It cannot be the URL of a webhook.
    """
    parts = _parts(url)
    if parts.username is not None or parts.password is not None:
        raise _refused("it has a user name", "leave it out; messages are signed instead")
    if parts.scheme != "https" and not private:
        raise _refused("it is not https", f"write https://…, or set {PRIVATE_SETTING}=true")
    host = parts.hostname or ""
    if not private and (host == "localhost" or _is_local(host)):
        raise _refused(f"{host} is a local address", f"to allow it, set {PRIVATE_SETTING}=true")
    path = parts.path or "/"
    port = parts.port or _PORTS[parts.scheme]
    query = f"?{parts.query}" if parts.query else ""
    return Target(parts.scheme == "https", host, port, path + query)


def shown(url: str) -> str:
    """A URL as lists show it: the query is left out, because it may contain secrets."""
    parts = urlsplit(url)
    return parts._replace(query="..." if parts.query else "").geturl()


def is_public(written: str) -> bool:
    """Whether an IP address is one of the internet, also if it contains another address."""
    address = ip_address(written.partition("%")[0])
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        inner = _inner(address)
        if inner is not None and not is_public(str(inner)):
            return False
    return address.is_global and not address.is_multicast and address != _AZURE_HOST


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    tunnel = address.teredo
    return tunnel[1] if tunnel else address.sixtofour


def _is_local(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:
        return False  # A name: it is checked each time it is resolved.


def _parts(url: str) -> SplitResult:
    advice = "write a URL such as https://plant.example/alerts"
    if len(url) > LONGEST_URL or not _VISIBLE.fullmatch(url):
        raise _refused(
            "it is not a URL",
            f"{advice}, of at most {LONGEST_URL:,} ASCII characters without spaces",
        )
    try:
        parts = urlsplit(url)
        good = parts.scheme in _PORTS and bool(_HOST.fullmatch(parts.hostname or ""))
        good = good and parts.port != 0 and all(map(_is_label, (parts.hostname or "").split(".")))
    except ValueError:  # A port that is no number, or a bracket without its pair.
        good = False
    if not good:
        raise _refused("it is not the URL of a host", advice)
    if parts.fragment:
        raise _refused("it has a fragment", "leave out # and what follows")
    return parts


def _is_label(label: str) -> bool:
    return len(label) <= 63


def _refused(message: str, advice: str) -> InvalidInput:
    return InvalidInput("webhooks", [Problem("url", message, advice)])

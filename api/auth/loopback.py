"""Whether a client connects from this machine."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from starlette.types import Scope


def came_by_loopback(scope: Scope) -> bool:
    """Whether a request reached a loopback address of this machine, so that it came from here.

    A reverse proxy on this machine comes that way too.
    """
    return is_loopback((scope.get("server") or ("",))[0])


def is_loopback(host: str) -> bool:
    """Whether this is an address in 127.0.0.0/8 or ::1, be it mapped into IPv6; no name is."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback

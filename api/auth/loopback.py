"""Whether a client connects from this machine."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from starlette.types import Scope


def connects_over_loopback(scope: Scope) -> bool:
    """Whether a connection reached a loopback address, so its client runs on this machine.

    That client may be a reverse proxy.
    """
    return is_loopback((scope.get("server") or ("",))[0])


def is_loopback(host: str) -> bool:
    """Whether this is an address in 127.0.0.0/8, also mapped into IPv6, or ::1; names are not."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback

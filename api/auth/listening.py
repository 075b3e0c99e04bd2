"""Whether the service may listen on an address: without a usable token, on loopback only."""

from __future__ import annotations

import socket

from api.auth.loopback import is_loopback
from errors import SettingsError
from storage.clients import tokens
from storage.settings import Settings


def check_listen_address(host: str, settings: Settings) -> None:
    """Refuse to listen where other machines could connect while there is no usable token.

    Args:
        host: Address or name to listen on; empty means every address.
        settings: Its trusted proxies: through one, other machines connect over loopback too.

    Raises:
        SettingsError: A token is needed and there is none, or the host has no address.
        LedgerUnavailable: The ledger does not answer, so tokens cannot be looked up.
    """
    if _is_private(host) and not settings.trusted_proxies:
        return
    if any(token.state == "usable" for token in tokens.tokens()):
        return
    raise SettingsError(
        f"{host or 'every address'}: other machines could connect, and there is no usable token; "
        "make one first: fleetforge tokens create NAME --scope admin"
    )


def _is_private(host: str) -> bool:
    """Whether all addresses of a host are loopback."""
    if not host:
        return False
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{host}: no such host to listen on: {error}") from None
    return all(is_loopback(str(address[0])) for *_, address in found)

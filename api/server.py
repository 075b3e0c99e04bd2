"""Options of the HTTP server, uvicorn."""

from __future__ import annotations

from typing import Any

#: Arguments of `uvicorn.Config`.
SERVER_OPTIONS: dict[str, Any] = {
    # By default uvicorn trusts forwarding headers from this machine. Here a setting names the
    # trusted proxies; see `api.middleware.stack`.
    "proxy_headers": False,
    "server_header": False,
    # Clients have no reason to send large WebSocket messages.
    "ws_max_size": 64 * 1024,
    # Seconds. A client that does not answer a ping in time is gone or reads too slowly.
    "ws_ping_interval": 20.0,
    "ws_ping_timeout": 20.0,
    # Messages are short: compression state per socket would cost more memory than it saves.
    "ws_per_message_deflate": False,
}

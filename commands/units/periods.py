"""The options `--since` and `--until`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

_time = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z"])

since_option = click.option(
    "--since",
    type=_time,
    metavar="DATE",
    help="Only at or after this: 2026-01-31 (0:00 UTC) or 2026-01-31T12:00:00+01:00.",
)
until_option = click.option(
    "--until", type=_time, metavar="DATE", help="Only at or before this, written likewise."
)


def to_ms(time: datetime | None) -> int | None:
    """Milliseconds since 1970; a date alone is in UTC."""
    if time is None:
        return None
    return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)

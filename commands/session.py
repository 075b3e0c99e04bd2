"""Setup that most commands share: settings, an open and migrated ledger, the broker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from errors import BrokerUnavailable, LedgerUnavailable, SettingsError
from storage.database import ledger_file, open_database
from storage.queries.health import pending_migrations
from storage.schema import refuse_newer_schema, upgrade
from storage.settings import PREFIX, Settings, load_settings

if TYPE_CHECKING:
    from actors.broker.client import Broker
    from storage.ledger.event_log import Dispatch


def open_ledger(*, create: bool = False) -> Settings:
    """Open the ledger of the settings; an embedded ledger is migrated first.

    Args:
        create: Whether to create an embedded ledger that does not exist. Without it, a command in
            the wrong folder is an error, and not an empty list.

    Raises:
        SettingsError: A setting is wrong, or there is no ledger.
        SchemaTooNew: Newer code has changed the ledger in a way that this code cannot use.
        LedgerUnavailable: The database does not answer, or lacks migrations.
    """
    settings = load_settings()
    if not create and settings.embedded_database and not ledger_file(settings).exists():
        raise SettingsError(
            f"{PREFIX}HOME: no Fleetforge data in {settings.home.absolute()}; "
            "write the folder that has them, or start with fleetforge onboard --help"
        )
    open_database(settings)
    refuse_newer_schema()
    if not settings.embedded_database:
        require_migrations()
    elif pending_migrations():
        upgrade()
    return settings


def require_migrations() -> None:
    """Check that the open database has all migrations.

    Raises:
        LedgerUnavailable: It lacks some, or does not answer.
    """
    if pending := pending_migrations():
        raise LedgerUnavailable(
            f"the database lacks {', '.join(pending)}; run: fleetforge db upgrade"
        )


def publisher(settings: Settings) -> Callable[[Sequence[Dispatch]], None]:
    """Declare the stages, and return the function that sends jobs to the broker."""
    import actors  # noqa: F401  # declares the stages, so that events have subscribers

    def send(jobs: Sequence[Dispatch]) -> None:
        _broker(settings).send(jobs)

    return send


def broker_answers(settings: Settings) -> bool:
    """Whether the broker answers."""
    try:
        _broker(settings).ping()
    except BrokerUnavailable:
        return False
    return True


@cache
def _broker(settings: Settings) -> Broker:
    from actors.broker.client import Broker

    return Broker(settings)

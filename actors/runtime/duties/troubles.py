"""Duties that fail: each failure is isolated, and logged when it begins and when all end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from actors.runtime.duties.renewal_grace import RenewalGrace
from errors import BrokerUnavailable, LedgerUnavailable


def perform(duties: Sequence[Callable[[], None]], grace: RenewalGrace) -> dict[str, str]:
    """Perform each duty; one that fails does not hold up the others.

    Args:
        duties: In their order.
        grace: Granted when the ledger is away.

    Returns:
        Each trouble with its reason. A server that is away may fail in many ways and counts as
        one trouble.
    """
    troubles: dict[str, str] = {}
    for duty in duties:
        try:
            duty()
        except LedgerUnavailable as error:
            troubles.setdefault("ledger", str(error))
            grace.grant()
        except BrokerUnavailable as error:
            troubles.setdefault("broker", str(error))
        except OSError as error:
            troubles[str(error)] = str(error)
    return troubles


class TroubleLog:
    """Logs what is wrong when it begins and when it ends, not every two seconds."""

    def __init__(self) -> None:
        self.current: dict[str, str] = {}

    def update(self, troubles: dict[str, str]) -> None:
        """Log what has changed since the last round."""
        for trouble in sorted(troubles.keys() - self.current.keys()):
            structlog.get_logger().warning("waiting", reason=troubles[trouble])
        if self.current and not troubles:
            structlog.get_logger().info("all is well again")
        self.current = troubles

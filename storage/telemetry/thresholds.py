"""Where the levels of a machine's units begin, if the machine sets its own thresholds."""

from __future__ import annotations

from errors import NotFound
from storage.database import execute, reading


def stored(machine_id: str) -> str | None:
    """The machine's own thresholds, JSON; None: the defaults.

    Raises:
        NotFound: No such machine.
    """
    with reading():
        rows = execute(_STORED, machine=machine_id)
    if not rows:
        raise NotFound(f"no machine '{machine_id}'", kind="machine")
    found: str | None = rows[0][0]
    return found


def store(machine_id: str, thresholds: str) -> None:
    """Set a machine's thresholds; call inside a transaction.

    Raises:
        NotFound: No such machine.
    """
    if not execute(_STORE, machine=machine_id, thresholds=thresholds):
        raise NotFound(f"no machine '{machine_id}'", kind="machine")


_STORED = "SELECT thresholds FROM machines WHERE machine_id = :machine"

_STORE = """
UPDATE machines SET thresholds = :thresholds WHERE machine_id = :machine RETURNING machine_id
"""
